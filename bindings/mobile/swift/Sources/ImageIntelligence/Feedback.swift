// Feedback about detect jobs, and what a registered webhook is.
import ImageIntelligenceNative

/// Feedback that the service has taken.
public typealias Feedback = ImageIntelligenceNative.Feedback
/// A class about which a detect job was wrong.
public typealias FeedbackClass = ImageIntelligenceNative.FeedbackClass
/// In which way a result was wrong.
public typealias FeedbackCode = ImageIntelligenceNative.FeedbackCode
/// A webhook that was registered for an organisation's application.
public typealias RegisteredWebhook = ImageIntelligenceNative.RegisteredWebhook

/// Telling the service where a detect job was wrong: `client.feedback`.
public struct Feedbacks: Sendable {
    let native: NativeClient

    /// Says about which classes a detect job was wrong.
    ///
    /// ```swift
    /// try await client.feedback.create(job.id, classes: [FeedbackClass(class: "person", code: .falsePositive)])
    /// ```
    ///
    /// It is sent once: where the answer is lost, that is `ImageIntelligenceError.outcomeUnknown`.
    public func create(_ jobId: String, classes: [FeedbackClass]) async throws -> Feedback {
        try await crossing { try await native.giveFeedback(jobId: jobId, classes: classes, cancel: $0) }
    }

    /// Feedback by its id. Fails with `ImageIntelligenceError.notFound` where the API does not know it.
    public func get(_ id: String) async throws -> Feedback {
        try await crossing { try await native.feedback(id: id, cancel: $0) }
    }

    /// The feedback about a detect job, or all of it.
    public func list(_ jobId: String? = nil) async throws -> [Feedback] {
        try await crossing { try await native.feedbackList(jobId: jobId, cancel: $0) }
    }
}

/// A webhook that was registered: `client.registerWebhook`. Nothing prints its secret.
public struct Registration: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The webhook.
    public let webhook: RegisteredWebhook
    /// With which its events are signed: yours, or one that the service made up. Keep it: the API does not say it again.
    public let secretKey: String?

    public var description: String { "Registration(\(webhook.id))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["webhook": webhook]) }
}
