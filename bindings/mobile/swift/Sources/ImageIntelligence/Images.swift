// What goes into a job: pictures, classes, a target, examples.
import Foundation
import ImageIntelligenceNative

/// A picture to send.
public struct Image: Sendable {
    let picture: Picture

    private init(_ source: Source, customId: String? = nil) { picture = Picture(source: source, customId: customId) }

    /// A picture that the service fetches: at most 512 characters of URL, public, answering with the picture itself.
    public static func url(_ url: String) -> Image { Image(.url(url: url)) }
    /// A picture that the service fetches.
    public static func url(_ url: URL) -> Image { Image(.url(url: url.absoluteString)) }
    /// A file that goes along. It is read when the job is sent.
    public static func file(_ path: String) -> Image { Image(.file(path: path)) }
    /// A picture that goes along: the bytes of the file, JPEG or the like, not base64.
    public static func data(_ data: Data) -> Image { Image(.bytes(bytes: data)) }

    /// Gives it a name of your own, at most 64 characters, which comes back with its result.
    public func customId(_ id: String) -> Image { Image(picture.source, customId: id) }
}

/// Whether a human should check what is found.
public typealias Verify = ImageIntelligenceNative.Verify
/// Cells of a grid over the picture in which a class is not looked for.
public typealias ExclusionZones = ImageIntelligenceNative.ExclusionZones
/// A class to look for; a plain string will do where it needs no settings.
public typealias DetectClass = ImageIntelligenceNative.DetectClass

extension DetectClass: ExpressibleByStringLiteral {
    /// A class by its name, with settings where it needs them.
    public init(_ name: String, verify: Verify = .auto, exclusionZones: ExclusionZones? = nil) {
        self.init(class: name, verify: verify, exclusionZones: exclusionZones)
    }

    public init(stringLiteral name: String) { self.init(name) }
}

extension ExclusionZones {
    /// Rows from the top, each from the left, 1 leaves the cell out. As many rows as columns, at most `size`, which is 16,
    /// 32, 64 or 128.
    public init(rows: [[UInt8]], size: UInt32 = 64) {
        self.init(kind: "GRID", size: size, zones: rows.map { Data($0) })
    }
}

/// What a match job looks for: a class, and pictures that show this one of it.
public typealias Target = ImageIntelligenceNative.Target
/// Pictures for which the answer to a question is known.
public typealias Examples = ImageIntelligenceNative.Examples

extension Target {
    /// A class such as `dog`, and the URLs of 1 to 3 pictures that show this one of it.
    public init(_ name: String, images: [String], customId: String? = nil) {
        self.init(class: name, customId: customId, images: images)
    }
}

extension Examples {
    /// 1 to 3 URLs for yes, 1 to 3 for no, or only one of the two.
    public init(yes: [String] = [], no: [String] = []) {
        let known = { (urls: [String]) -> [String]? in urls.isEmpty ? nil : urls }
        self.init(yes: known(yes), no: known(no))
    }
}
