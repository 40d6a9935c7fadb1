// Errors: one case a kind, so that a `switch` needs no `default`.
import Foundation
import ImageIntelligenceNative

/// What is known of an error: its kind and advice, and whatever the server said.
public typealias ErrorDetails = ImageIntelligenceNative.Details

/// What went wrong, and what to do next: `message` is one line of advice and never holds a body, a token or a secret.
///
/// What is known of it is reached through the case or straight away: `error.status`, `error.resumeToken`. A job that ended
/// with errors is a result and not one of these; a cancelled task sees `CancellationError`, as always.
@dynamicMemberLookup
public enum ImageIntelligenceError: Error, Sendable {
    /// Missing credentials, a bad base URL, a bad option.
    case config(ErrorDetails)
    /// Refused here, before anything was sent: the message names the field, the limit and what was given.
    case invalidRequest(ErrorDetails)
    /// The API answered 400.
    case badRequest(ErrorDetails)
    /// Wrong credentials, or 401 after one refresh.
    case authentication(ErrorDetails)
    /// The API answered 403.
    case permissionDenied(ErrorDetails)
    /// The API answered 404.
    case notFound(ErrorDetails)
    /// The API answered 413, or a local size limit was passed.
    case tooLarge(ErrorDetails)
    /// The API answered 429 to the last of our tries.
    case rateLimited(ErrorDetails)
    /// The API answered 5xx to the last of our tries.
    case serverError(ErrorDetails)
    /// DNS, connect, TLS or a connection that was reset.
    case connection(ErrorDetails)
    /// One request outlived its limit.
    case requestTimeout(ErrorDetails)
    /// An answer that cannot be read.
    case invalidResponse(ErrorDetails)
    /// A submit whose answer was lost and that could not be proven either way; it was not sent again.
    case outcomeUnknown(ErrorDetails)
    /// The deadline of a wait; the job may still finish, and `resumeToken` waits on.
    case waitTimeout(ErrorDetails)
    /// The job no longer exists, or never ended within its life.
    case jobLost(ErrorDetails)
    /// A picture that was not sent, as its run was stopped before. A task that is cancelled sees `CancellationError`.
    case cancelled(ErrorDetails)
    /// A body that is no JSON object, too deep, too large, or not UTF-8.
    case invalidWebhook(ErrorDetails)
    /// A signature or callback token that is missing, malformed, wrong or expired: `reason` says which.
    case webhookVerification(ErrorDetails)
    /// A resume token that is malformed, of a newer version or of another API.
    case resumeToken(ErrorDetails)
    /// The inbox's database refused or failed.
    case store(ErrorDetails)
    /// Used after close.
    case closed(ErrorDetails)

    /// What is known of it.
    public var details: ErrorDetails {
        switch self {
        case .config(let details), .invalidRequest(let details), .badRequest(let details), .authentication(let details),
            .permissionDenied(let details), .notFound(let details), .tooLarge(let details), .rateLimited(let details),
            .serverError(let details), .connection(let details), .requestTimeout(let details),
            .invalidResponse(let details), .outcomeUnknown(let details), .waitTimeout(let details), .jobLost(let details),
            .cancelled(let details), .invalidWebhook(let details), .webhookVerification(let details), .resumeToken(let details),
            .store(let details), .closed(let details):
            return details
        }
    }

    /// What is known of it, by its name.
    public subscript<Value>(dynamicMember member: KeyPath<ErrorDetails, Value>) -> Value { details[keyPath: member] }

    /// How long the server asked to be left alone.
    public var retryAfter: Duration? { details.retryAfterMs.map { .milliseconds(Int64(clamping: $0)) } }
}

extension ImageIntelligenceError: LocalizedError, CustomStringConvertible {
    public var errorDescription: String? { details.message }
    public var description: String { "\(details.message) [\(details.name)]" }
}

/// Runs a call and gives its failure the case of its kind.
func crossing<T>(_ call: () throws -> T) throws -> T {
    do { return try call() } catch let failure as Failure { throw named(failure) }
}

/// Runs a call that its task can cancel: uniffi's own futures do not hear of it.
func crossing<T: Sendable>(_ call: (Cancel) async throws -> T) async throws -> T {
    let cancel = Cancel()
    return try await withTaskCancellationHandler {
        do { return try await call(cancel) } catch let failure as Failure { throw named(failure) }
    } onCancel: {
        cancel.cancel()
    }
}

private func named(_ failure: Failure) -> Error {
    guard case .Failed(let details) = failure else { return failure }
    return details.kind == .cancelled ? CancellationError() : named(details)
}

// A kind that core gains does not compile before it has a case here.
func named(_ details: ErrorDetails) -> ImageIntelligenceError {
    switch details.kind {
    case .config: return .config(details)
    case .invalidRequest: return .invalidRequest(details)
    case .badRequest: return .badRequest(details)
    case .authentication: return .authentication(details)
    case .permissionDenied: return .permissionDenied(details)
    case .notFound: return .notFound(details)
    case .tooLarge: return .tooLarge(details)
    case .rateLimited: return .rateLimited(details)
    case .serverError: return .serverError(details)
    case .connection: return .connection(details)
    case .requestTimeout: return .requestTimeout(details)
    case .invalidResponse: return .invalidResponse(details)
    case .outcomeUnknown: return .outcomeUnknown(details)
    case .waitTimeout: return .waitTimeout(details)
    case .jobLost: return .jobLost(details)
    case .cancelled: return .cancelled(details)
    case .invalidWebhook: return .invalidWebhook(details)
    case .webhookVerification: return .webhookVerification(details)
    case .resumeToken: return .resumeToken(details)
    case .store: return .store(details)
    case .closed: return .closed(details)
    }
}
