// Ask which pictures show a person, and wait for the answer. Pictures are files or URLs, named on the command line.
import Foundation
import ImageIntelligence

@main
struct Detect {
    static func main() async throws {
        var pictures = Array(CommandLine.arguments.dropFirst())
        if pictures.isEmpty { pictures = ["examples/photos/astronaut.jpg"] }
        let images = pictures.map { $0.contains("://") ? Image.url($0) : Image.file($0) }

        let client = try ImageIntelligence.fromEnvironment()  // II_BASE_URL, II_CLIENT_ID, II_CLIENT_SECRET
        defer { client.close() }
        let classes: [DetectClass] = ["person", DetectClass("car", verify: .never)]
        let job = try await client.detect(images, classes: classes)  // an id, a resume token
        let result = try await job.wait(timeout: .seconds(60))

        for hit in result.found("person") { print(hit.image.name, String(format: "%.2f", hit.confidence)) }
        // A picture that could not be looked at is part of the result, not an error.
        for failed in result.errors() {
            FileHandle.standardError.write(Data("\(failed.image.name): \(failed.status)\n".utf8))
        }
    }
}
