// Webhooks: verified, then read; and the tokens of callback URLs.
import Foundation
import ImageIntelligenceNative

/// What a webhook brought.
public enum WebhookEvent: Sendable {
    /// A detect job.
    case detect(DetectJob)
    /// A match job.
    case match(MatchJob)
    /// An ask job.
    case ask(AskJob)
    /// A recognize job.
    case recognize(RecognizeJob)
    /// An event of a registered webhook.
    case event(RegisteredEvent)
    /// Something that this version cannot name: kept as it came, never dropped.
    case unknown(raw: String)
}

/// An event that a registered webhook brought: `raw` has all of its body, which the documents do not show.
public typealias RegisteredEvent = ImageIntelligenceNative.RegisteredEvent
/// What happened.
public typealias EventName = ImageIntelligenceNative.EventName

/// Reads what the service posts.
public enum Webhooks {
    /// Reads a webhook's body; where there is a secret, checks its signature first.
    ///
    /// `body` is the bytes as they came: a body that was parsed and written again does not verify. `secrets` are up to four
    /// at once, while one follows another. `kind` is what it is known to be: a kind of job, or an event, as everything is
    /// that comes to a route of registered webhooks; it wins over every sign in the body. A job's own webhook is unsigned, so its body is a hint until the job is fetched.
    public static func parse(
        _ body: Data, headers: [(String, String)] = [], secret: String? = nil, secrets: [String]? = nil,
        kind: EventKind? = nil, allowSha1: Bool = false
    ) throws -> WebhookEvent {
        // None given is no check; an empty list of secrets is a mistake, and core says so.
        let active = secret.map { [$0] + (secrets ?? []) } ?? secrets
        let flat = headers.map { Header(name: $0.0, value: $0.1) }
        let received = try crossing {
            try readWebhook(body: body, headers: flat, secrets: active, kind: kind, allowSha1: allowSha1)
        }
        switch received {
        case .job(.detect(let job)): return .detect(job)
        case .job(.match(let job)): return .match(job)
        case .job(.ask(let job)): return .ask(job)
        case .job(.recognize(let job)): return .recognize(job)
        case .event(let event): return .event(event)
        case .unknown(let raw): return .unknown(raw: raw)
        }
    }
}

/// What a callback token says. It was checked, so we said it.
public typealias CallbackToken = ImageIntelligenceNative.CallbackToken

/// Makes and checks the tokens of callback URLs: a sender that cannot sign has a URL that nobody can guess.
public final class CallbackKeys: Sendable {
    private let native: NativeKeys

    /// Up to four keys of 32 random bytes, each with an id from 0 to 255; the last one signs, the others only check.
    public init(_ masters: [(id: Int32, master: Data)]) throws {
        native = try crossing { try NativeKeys(masters: masters.map { Master(keyId: $0.id, bytes: $0.master) }) }
    }

    /// The token of a job's callback URL, for the job that you call `rid` (32 hex digits).
    public func mint(kind: Kind, expires: Date, rid: String, base: String) throws -> String {
        try crossing { try native.mint(kind: kind, expires: expires, rid: rid, base: base) }
    }

    /// What to give to a job as its `webhookUrl`.
    public func callbackUrl(_ token: String, base: String) throws -> String {
        try crossing { try ImageIntelligenceNative.callbackUrl(base: base, token: token) }
    }

    /// Checks a token, before anything else of a request is looked at. Where it fails, tell the sender 404 and no more.
    public func verify(_ token: String, bases: [String], now: Date = Date()) throws -> CallbackToken {
        try crossing { try native.verify(token: token, bases: bases, now: now) }
    }
}
