// The client, and the jobs that it hands out.
import Foundation
import ImageIntelligenceNative

/// A client of one API. Make one and keep it; it may be used by any number of tasks at once.
///
/// ```swift
/// let client = try ImageIntelligence.fromEnvironment()
/// let job = try await client.detect([.file("astronaut.jpg")], classes: ["person"])
/// for hit in try await job.wait(timeout: .seconds(60)).found("person") { print(hit.image.name, hit.confidence) }
/// ```
///
/// A call whose task is cancelled ends at once, its request too. A job that was sent goes on all the same.
public final class ImageIntelligence: Sendable {
    private let native: NativeClient

    /// A client with what is passed; else `II_CLIENT_ID`, `II_CLIENT_SECRET` and `II_BASE_URL`, or the public API.
    /// `allowPlainHttp` allows `http://` to another machine, where everybody on the way can read the token.
    public init(
        clientId: String? = nil, clientSecret: String? = nil, baseUrl: String? = nil, requestTimeout: Duration? = nil,
        allowPlainHttp: Bool = false
    ) throws {
        native = try crossing {
            try NativeClient(
                host: .swift, clientId: clientId, clientSecret: clientSecret, baseUrl: baseUrl,
                requestTimeoutMs: requestTimeout.map(milliseconds), allowPlainHttp: allowPlainHttp)
        }
    }

    /// A client with `II_CLIENT_ID` and `II_CLIENT_SECRET`, at `II_BASE_URL` or the public API.
    public static func fromEnvironment() throws -> ImageIntelligence { try ImageIntelligence() }

    /// Jobs that were made before.
    public var detectJobs: DetectJobs { DetectJobs(native: native) }

    /// Asks which classes of objects are in the pictures, 1 to 64 of them, and returns once the job is made.
    ///
    /// The job is never sent a second time unless it is certain that the first never arrived; what cannot be proven is
    /// `ImageIntelligenceError.outcomeUnknown`.
    public func detect(
        _ images: [Image], classes: [DetectClass], customId: String? = nil, feedId: String? = nil,
        webhookUrl: String? = nil, boundingBoxes: Bool = false
    ) async throws -> DetectHandle {
        let job = try await crossing { cancel in
            try await native.detect(
                images: images.map(\.picture), classes: classes, customId: customId, feedId: feedId,
                webhookUrl: webhookUrl, boundingBoxes: boundingBoxes, cancel: cancel)
        }
        return DetectHandle(native: job)
    }

    /// Takes up a job again by its resume token, of this process or another, of this language or another. Nothing is sent
    /// yet.
    public func resume(_ token: String) throws -> DetectHandle {
        DetectHandle(native: try crossing { try native.resume(token: token) })
    }

    /// Ends every call under way with `ImageIntelligenceError.closed`, those of jobs too, and refuses others.
    public func close() { native.shutDown() }
}

/// A detect job that was sent. Letting go of it, or of a wait, never cancels the job.
public struct DetectHandle: Sendable {
    let native: NativeJob

    /// The service's name for the job.
    public var id: String { native.id() }
    /// The name that the job was given; `nil` where it was resumed.
    public var customId: String? { native.customId() }
    /// When the job was made, by the service's clock.
    public var createdAt: Date { native.createdAt() }
    /// A line of text that takes the job up again anywhere. No URL and no secret in it.
    public var resumeToken: String { native.resumeToken() }

    /// The job as it is now, done or not.
    public func get() async throws -> DetectJob { try await crossing { try await native.get(cancel: $0) } }

    /// Waits until the job is done. A job that ended with errors is a result.
    ///
    /// Fails with `ImageIntelligenceError.waitTimeout` at the time-out, with the token to wait on with. Whatever may pass,
    /// passes: a reset, a 503 or a 429 does not end a wait.
    public func wait(timeout: Duration = .seconds(15 * 60)) async throws -> DetectJob {
        try await crossing { try await native.wait(limitMs: milliseconds(timeout), cancel: $0) }
    }
}

/// Detect jobs that were made before: `client.detectJobs`.
public struct DetectJobs: Sendable {
    let native: NativeClient

    /// The job as it is now. Fails with `ImageIntelligenceError.notFound` where the API does not know it.
    public func get(_ id: String) async throws -> DetectJob {
        try await crossing { try await native.detectJob(id: id, cancel: $0) }
    }
}

/// Never below zero, and no further than a count of milliseconds goes.
private func milliseconds(_ duration: Duration) -> UInt64 {
    let (seconds, attoseconds) = duration.components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1000)
    return overflow ? .max : whole.addingReportingOverflow(UInt64(attoseconds / 1_000_000_000_000_000)).partialValue
}
