// The client.
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
    let native: NativeClient

    /// A client with what is passed; else `II_CLIENT_ID`, `II_CLIENT_SECRET` and `II_BASE_URL`, or the public API.
    /// `allowPlainHttp` allows `http://` to another machine, where everybody on the way can read the token.
    /// `requestsPerSecond` is how often waits look at their jobs in all, once more than a few are open: 2; with more, results
    /// come a little sooner. `journal` is the path of a file in which every submit is written down before it leaves, so that
    /// after a crash `recover` knows what became of it; one client at a time writes to it.
    public init(
        clientId: String? = nil, clientSecret: String? = nil, baseUrl: String? = nil, requestTimeout: Duration? = nil,
        allowPlainHttp: Bool = false, requestsPerSecond: Double? = nil, journal: String? = nil
    ) throws {
        native = try crossing {
            try NativeClient(
                host: .swift, clientId: clientId, clientSecret: clientSecret, baseUrl: baseUrl,
                requestTimeoutMs: requestTimeout.map(milliseconds), allowPlainHttp: allowPlainHttp,
                requestsPerSecond: requestsPerSecond, journal: journal)
        }
    }

    /// A client with `II_CLIENT_ID` and `II_CLIENT_SECRET`, at `II_BASE_URL` or the public API.
    public static func fromEnvironment() throws -> ImageIntelligence { try ImageIntelligence() }

    /// Detect jobs that were made before.
    public var detectJobs: DetectJobs { DetectJobs(native: native) }
    /// Match jobs that were made before.
    public var matchJobs: MatchJobs { MatchJobs(native: native) }
    /// Ask jobs that were made before.
    public var askJobs: AskJobs { AskJobs(native: native) }
    /// Telling the service where a detect job was wrong.
    public var feedback: Feedbacks { Feedbacks(native: native) }

    /// Asks which classes of objects are in the pictures, 1 to 64 of them, and returns once the job is made.
    ///
    /// The job is never sent a second time unless it is certain that the first never arrived; what cannot be proven is
    /// `ImageIntelligenceError.outcomeUnknown`.
    public func detect(
        _ images: [Image], classes: [DetectClass], customId: String? = nil, feedId: String? = nil,
        webhookUrl: String? = nil, boundingBoxes: Bool = false
    ) async throws -> DetectHandle {
        let asked = Asked.detect(classes: classes, boundingBoxes: boundingBoxes)
        return try await send(asked, images, Options(customId: customId, feedId: feedId, webhookUrl: webhookUrl))
    }

    /// Asks which of the pictures, 1 to 64 of them, shows the target, and returns once the job is made: see `detect`.
    ///
    /// ```swift
    /// let rex = Target("dog", images: ["https://example.com/rex.jpg"])
    /// let job = try await client.match([.file("street.jpg")], target: rex).wait()
    /// if let there = job.matched() { print("there he is: \(there.name)") }
    /// ```
    public func match(
        _ images: [Image], target: Target, customId: String? = nil, feedId: String? = nil, webhookUrl: String? = nil
    ) async throws -> MatchHandle {
        let options = Options(customId: customId, feedId: feedId, webhookUrl: webhookUrl)
        return try await send(.match(target: target), images, options)
    }

    /// Asks a question about the pictures, 1 to 64 of them, to be answered with yes or no in at most 256 characters, and
    /// returns once the job is made: see `detect`. `examples` are pictures for which the answer is known.
    public func ask(
        _ images: [Image], question: String, examples: Examples? = nil, customId: String? = nil, feedId: String? = nil,
        webhookUrl: String? = nil
    ) async throws -> AskHandle {
        let options = Options(customId: customId, feedId: feedId, webhookUrl: webhookUrl)
        return try await send(.ask(question: question, examples: examples), images, options)
    }

    /// Looks for faces in the pictures, 1 to 64 of them, and for whose they are among the identities of a namespace; returns
    /// once the job is made: see `detect`.
    public func recognize(
        _ images: [Image], namespace: String, customId: String? = nil, feedId: String? = nil, webhookUrl: String? = nil
    ) async throws -> RecognizeHandle {
        let options = Options(customId: customId, feedId: feedId, webhookUrl: webhookUrl)
        return try await send(.recognize(namespace: namespace), images, options)
    }

    private func send<Outcome>(
        _ asked: Asked, _ images: [Image], _ options: Options
    ) async throws -> JobHandle<Outcome> {
        let job = try await crossing {
            try await native.send(asked: asked, images: images.map(\.picture), options: options, cancel: $0)
        }
        return JobHandle(native: job)
    }

    /// Takes up a job again by its resume token, of this process or another, of this language or another. Nothing is sent
    /// yet. Where the kind of the job is known, say so: `client.resume(token, as: DetectHandle.self)`.
    public func resume(_ token: String) throws -> ResumedJob {
        ResumedJob(try crossing { try native.resume(token: token, kind: nil) })
    }

    /// The same for a job of a kind that is known; a token of another kind is `ImageIntelligenceError.resumeToken`, too.
    public func resume<Outcome>(_ token: String, as handle: JobHandle<Outcome>.Type) throws -> JobHandle<Outcome> {
        JobHandle(native: try crossing { try native.resume(token: token, kind: handle.kind) })
    }

    /// What became of every submit of earlier processes that was cut off, or whose result nobody took: the oldest first, as the
    /// journal has them.
    ///
    /// ```swift
    /// for submit in try await client.recover() {
    ///     if let token = submit.resumeToken { _ = try client.resume(token) }
    ///     else { print(submit.customId, submit.outcome == .notSent ? "send it again" : submit.message ?? "") }
    ///     try await client.forget(submit)
    /// }
    /// ```
    ///
    /// What left and had no answer is searched for, for up to 30 s; nothing is sent again. Each comes at every start until it is
    /// forgotten or its result is taken. Fails with `ImageIntelligenceError.config` where the client keeps no journal.
    public func recover() async throws -> [Recovered] {
        try await crossing { try await native.recover(cancel: $0) }
    }

    /// Takes a submit out of the journal: it is dealt with. One that is not there is forgotten already.
    public func forget(_ submit: Recovered) async throws {
        try await crossing { try await native.forget(rid: submit.rid, cancel: $0) }
    }

    /// What the service keeps of faces in a namespace of at most 128 characters, which keeps one user's identities apart from
    /// another's.
    public func recognition(_ namespace: String) throws -> Recognition {
        Recognition(native: try crossing { try native.recognition(namespace: namespace) })
    }

    /// Has the events of this application posted to a URL: whenever somebody becomes known, or what is known of them changes.
    /// There is one such webhook for each application, and it cannot be taken back. With a `secretKey` of 8 to 256 characters
    /// each event is signed.
    ///
    /// It is sent once: where the answer is lost, that is `ImageIntelligenceError.outcomeUnknown`.
    public func registerWebhook(_ url: String, secretKey: String? = nil) async throws -> Registration {
        let made = try await crossing {
            try await native.registerWebhook(url: url, secretKey: secretKey, cancel: $0)
        }
        return Registration(webhook: made.webhook, secretKey: made.secretKey)
    }

    /// The bytes of a picture that an answer names, by its `proxyUrl` or the `url` of a face: at most 32 MiB.
    ///
    /// It is fetched without the token; only by https, and only from a public address (from this machine, too, where the API
    /// is on it).
    public func image(_ url: String) async throws -> Data {
        try await crossing { try await native.image(url: url, cancel: $0) }
    }

    /// Ends every call under way with `ImageIntelligenceError.closed`, those of jobs too, and refuses others.
    public func close() { native.shutDown() }
}

/// A submit of an earlier process that nobody saw the end of.
public typealias Recovered = ImageIntelligenceNative.Recovered
/// What became of a submit.
public typealias SubmitOutcome = ImageIntelligenceNative.SubmitOutcome

/// Never below zero, and no further than a count of milliseconds goes.
func milliseconds(_ duration: Duration) -> UInt64 {
    let (seconds, attoseconds) = duration.components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1000)
    return overflow ? .max : whole.addingReportingOverflow(UInt64(attoseconds / 1_000_000_000_000_000)).partialValue
}
