// Jobs: the handle of one that was sent, and those that were made before.
import Foundation
import ImageIntelligenceNative

/// What a handle turns into: `DetectJob`, `MatchJob`, `AskJob` or `RecognizeJob`, and nothing of your own.
public protocol JobOutcome: Sendable {}

extension DetectJob: JobOutcome {}
extension MatchJob: JobOutcome {}
extension AskJob: JobOutcome {}
extension RecognizeJob: JobOutcome {}

/// A job that was sent, of any kind. Letting go of it, or of a wait, never cancels the job.
public struct JobHandle<Outcome: JobOutcome>: Sendable {
    let native: NativeJob

    static var kind: Kind? {
        if Outcome.self is DetectJob.Type { return .detect }
        if Outcome.self is MatchJob.Type { return .match }
        if Outcome.self is AskJob.Type { return .ask }
        return Outcome.self is RecognizeJob.Type ? .recognize : nil
    }

    /// The service's name for the job.
    public var id: String { native.id() }
    /// The name that the job was given; `nil` where it was resumed.
    public var customId: String? { native.customId() }
    /// When the job was made, by the service's clock.
    public var createdAt: Date { native.createdAt() }
    /// A line of text that takes the job up again anywhere. No URL and no secret in it.
    public var resumeToken: String { native.resumeToken() }

    /// The job as it is now, done or not.
    public func get() async throws -> Outcome { outcome(try await crossing { try await native.get(cancel: $0) }) }

    /// Waits until the job is done. A job that ended with errors is a result.
    ///
    /// Fails with `ImageIntelligenceError.waitTimeout` at the time-out, with the token to wait on with. Whatever may pass,
    /// passes: a reset, a 503 or a 429 does not end a wait.
    public func wait(timeout: Duration = .seconds(15 * 60)) async throws -> Outcome {
        outcome(try await crossing { try await native.wait(limitMs: milliseconds(timeout), cancel: $0) })
    }
}

/// A detect job that was sent.
public typealias DetectHandle = JobHandle<DetectJob>
/// A match job that was sent.
public typealias MatchHandle = JobHandle<MatchJob>
/// An ask job that was sent.
public typealias AskHandle = JobHandle<AskJob>
/// A recognize job that was sent.
public typealias RecognizeHandle = JobHandle<RecognizeJob>

/// A job that was taken up again, of the kind that its token says.
public enum ResumedJob: Sendable {
    /// A detect job.
    case detect(DetectHandle)
    /// A match job.
    case match(MatchHandle)
    /// An ask job.
    case ask(AskHandle)
    /// A recognize job.
    case recognize(RecognizeHandle)

    init(_ native: NativeJob) {
        switch native.kind() {
        case .detect: self = .detect(JobHandle(native: native))
        case .match: self = .match(JobHandle(native: native))
        case .ask: self = .ask(JobHandle(native: native))
        case .recognize: self = .recognize(JobHandle(native: native))
        }
    }
}

/// Takes out the job. Each handle asks for its own kind alone, and is told of no other.
func outcome<Outcome: JobOutcome>(_ told: Told) -> Outcome {
    let job: any JobOutcome
    switch told {
    case .detect(let detect): job = detect
    case .match(let match): job = match
    case .ask(let ask): job = ask
    case .recognize(let recognize): job = recognize
    }
    return job as! Outcome
}

/// Detect jobs that were made before: `client.detectJobs`.
public struct DetectJobs: Sendable {
    let native: NativeClient

    /// The job as it is now. Fails with `ImageIntelligenceError.notFound` where the API does not know it.
    public func get(_ id: String) async throws -> DetectJob {
        outcome(try await crossing { try await native.job(kind: .detect, id: id, cancel: $0) })
    }

    /// The jobs that meet every condition that is given, in no promised order; an empty list where there is none.
    ///
    /// There is no paging: narrow by time. Whether `before` and `after` include their moment is not promised, so let stretches
    /// overlap and drop doubles by id.
    public func search(
        customId: String? = nil, feedId: String? = nil, before: Date? = nil, after: Date? = nil
    ) async throws -> [DetectJob] {
        try await native.search(.detect, customId, feedId, before, after)
    }
}

/// Match jobs that were made before: `client.matchJobs`.
public struct MatchJobs: Sendable {
    let native: NativeClient

    /// The job as it is now. Fails with `ImageIntelligenceError.notFound` where the API does not know it.
    public func get(_ id: String) async throws -> MatchJob {
        outcome(try await crossing { try await native.job(kind: .match, id: id, cancel: $0) })
    }

    /// The jobs that meet every condition: see `DetectJobs.search`.
    public func search(
        customId: String? = nil, feedId: String? = nil, before: Date? = nil, after: Date? = nil
    ) async throws -> [MatchJob] {
        try await native.search(.match, customId, feedId, before, after)
    }
}

/// Ask jobs that were made before: `client.askJobs`.
public struct AskJobs: Sendable {
    let native: NativeClient

    /// The job as it is now. Fails with `ImageIntelligenceError.notFound` where the API does not know it.
    public func get(_ id: String) async throws -> AskJob {
        outcome(try await crossing { try await native.job(kind: .ask, id: id, cancel: $0) })
    }

    /// The jobs that meet every condition: see `DetectJobs.search`.
    public func search(
        customId: String? = nil, feedId: String? = nil, before: Date? = nil, after: Date? = nil
    ) async throws -> [AskJob] {
        try await native.search(.ask, customId, feedId, before, after)
    }
}

extension NativeClient {
    fileprivate func search<Outcome: JobOutcome>(
        _ kind: Kind, _ customId: String?, _ feedId: String?, _ before: Date?, _ after: Date?
    ) async throws -> [Outcome] {
        let told = try await crossing {
            try await jobs(
                kind: kind, customId: customId, feedId: feedId, before: before, after: after, cancel: $0)
        }
        return told.map { outcome($0) }
    }
}
