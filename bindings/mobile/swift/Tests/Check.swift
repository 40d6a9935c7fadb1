// What only a Swift program can show: cancellation reaches the request, errors arrive as their cases, the rest is as in
// the other languages. Run by ../check.sh against `ii serve --progression never`.
import Foundation
import ImageIntelligence

func check(_ holds: Bool, _ what: String) {
    guard holds else { fatalError("Swift: \(what)") }
}

/// The error of ours that comes.
func refused(_ call: () async throws -> Any) async -> ImageIntelligenceError {
    do {
        let given = try await call()
        fatalError("Swift: nothing was refused; it gave \(given)")
    } catch let error as ImageIntelligenceError {
        return error
    } catch {
        fatalError("Swift: \(error) is none of ours")
    }
}

@main
struct Check {
    static func main() async throws {
        let client = try ImageIntelligence.fromEnvironment()
        let photo = try Data(contentsOf: URL(fileURLWithPath: "examples/photos/astronaut.jpg"))
        let job = try await client.detect([.data(photo).customId("mine")], classes: ["person"], customId: "a job")
        check(job.customId == "a job" && job.resumeToken.hasPrefix("ii1_"), "the handle")
        check(abs(job.createdAt.timeIntervalSinceNow) < 60, "the moment")
        let seen = try await client.detectJobs.get(job.id)
        check(seen.status == .inProgress && !seen.isDone && "\(seen.status)" == "IN_PROGRESS", "the status")

        guard case .waitTimeout(let details) = await refused({ try await job.wait(timeout: .milliseconds(10)) }) else {
            fatalError("Swift: not a time-out")
        }
        check(details.resumeToken == job.resumeToken && details.lastStatus == .inProgress && details.retryable, "the details")
        let again = try client.resume(job.resumeToken, as: DetectHandle.self)
        check(again.id == job.id, "the job taken up again")

        guard case .detect(let same) = try client.resume(job.resumeToken), same.id == job.id else {
            fatalError("Swift: not a detect job")
        }
        let wrong = await refused { try client.resume(job.resumeToken, as: MatchHandle.self) }
        check(wrong.name == "resume_token", "a token of another kind")
        let found = try await client.detectJobs.search(customId: "a job")
        check(found.map(\.id) == [job.id], "the search")

        let missing = await refused { try await client.detectJobs.get("no-such-job") }
        guard case .notFound = missing else { fatalError("Swift: \(missing)") }
        check(missing.status == 404 && missing.name == "not_found", "an error's members")
        let misnamed = await refused { try await client.detect([.url("astronaut.jpg")], classes: ["person"]) }
        check(misnamed.message.contains("Image.file(\"astronaut.jpg\")"), misnamed.message)

        let waiting = Task { try await job.wait() }
        let begun = Date()
        waiting.cancel()
        do {
            _ = try await waiting.value
            fatalError("Swift: the wait was not cancelled")
        } catch is CancellationError {
            check(Date().timeIntervalSince(begun) < 5, "a cancel that took long")
        }

        let body = Data(#"{"id": "1", "status": "PAUSED", "jobResults": [{"class": "person", "image": {"url": "u", "confidence": 1}}]}"#.utf8)
        guard case .detect(let event) = try Webhooks.parse(body) else { fatalError("Swift: no detect job") }
        check(event.status == .unknown(value: "PAUSED") && event.found("person").first?.image.name == "u", "the webhook")
        let unsigned = await refused { try Webhooks.parse(body, secret: "a secret of ours") }
        check(unsigned.reason == "missing", "the signature")

        let keys = try CallbackKeys([(id: 1, master: Data(0..<32))])
        let base = "https://hooks.example.com/ii"
        let expires = Date(timeIntervalSince1970: 1_800_000_000)
        let token = try keys.mint(kind: .detect, expires: expires, rid: "000102030405060708090a0b0c0d0e0f", base: base)
        check(token == "AQEBa0nSAAABAgMEBQYHCAkKCwwNDg8FZkrLGgH_fNyb3MY_jM8j", "the token of the design's vector")
        let says = try keys.verify(token, bases: [base], now: expires.addingTimeInterval(-1))
        check(says.keyId == 1 && says.expires == expires, "the token read")

        client.close()
        guard case .closed = await refused({ try await job.get() }) else { fatalError("Swift: not closed") }
        print("checked")
    }
}
