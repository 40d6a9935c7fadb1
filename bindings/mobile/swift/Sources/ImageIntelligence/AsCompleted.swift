// Many jobs at once, each given when it ends.
import Foundation
import ImageIntelligenceNative

/// A job that has ended, or whose wait has.
public struct Completed<Outcome: JobOutcome>: Sendable {
    /// Its handle.
    public let job: JobHandle<Outcome>
    /// What `job.wait()` would give.
    public let result: Outcome?
    /// What `job.wait()` would fail with.
    public let error: ImageIntelligenceError?

    /// Whether there is a result. A job that ended with errors is one.
    public var ok: Bool { result != nil }
}

/// A job of whichever kind, to switch over.
public typealias AnyJob = ImageIntelligenceNative.Told

/// The same of a job that was taken up again by its token.
public struct Tracked: Sendable {
    /// The token.
    public let token: String
    /// The job.
    public let result: AnyJob?
    /// Why there is none.
    public let error: ImageIntelligenceError?

    /// Whether there is a result. A job that ended with errors is one.
    public var ok: Bool { result != nil }
}

/// Many jobs, each given when it ends. A loop that is left ends no job.
public struct AsCompleted<Element: Sendable>: AsyncSequence, Sendable {
    let begin: @Sendable () throws -> NativeCompleted
    let taken: @Sendable (Ended) -> Element

    public func makeAsyncIterator() -> Iterator { Iterator(begin: begin, taken: taken) }

    public struct Iterator: AsyncIteratorProtocol {
        let begin: @Sendable () throws -> NativeCompleted
        let taken: @Sendable (Ended) -> Element
        var jobs: NativeCompleted?

        public mutating func next() async throws -> Element? {
            let jobs = try self.jobs ?? crossing(begin)
            self.jobs = jobs
            return try await crossing { try await jobs.next(cancel: $0) }.map(taken)
        }
    }
}

extension ImageIntelligence {
    /// Waits for many jobs, and gives each when it ends. They are asked for together, and so with far fewer requests than by a
    /// wait for each.
    ///
    /// ```swift
    /// for try await done in client.asCompleted(jobs) {
    ///     if let job = done.result { print(job.id, job.classes()) }
    ///     if let error = done.error { print(done.job.id, error.message) }
    /// }
    /// ```
    ///
    /// What goes wrong with one job is said of that one. `timeout` is how long each is waited for.
    public func asCompleted<Outcome: JobOutcome>(
        _ jobs: [JobHandle<Outcome>], timeout: Duration = .seconds(15 * 60)
    ) -> AsCompleted<Completed<Outcome>> {
        AsCompleted {
            try self.native.asCompleted(jobs: jobs.map(\.native), limitMs: milliseconds(timeout))
        } taken: { ended in
            let result: Outcome? = ended.job.map { outcome($0) }
            return Completed(job: jobs[Int(ended.place)], result: result, error: ended.error.map { named($0) })
        }
    }

    /// Takes up many jobs again by their resume tokens, whatever their kinds, and gives each when it ends: see `asCompleted`.
    ///
    /// ```swift
    /// for try await done in client.track(tokens) {
    ///     switch done.result {
    ///     case .detect(let job): print(job.classes())
    ///     case .match(let job): print(job.matched()?.name ?? "nowhere")
    ///     case .ask(let job): print(job.yes()?.name ?? "no")
    ///     case .recognize(let job): print(job.faces().count)
    ///     case nil: print(done.token, done.error?.message ?? "")
    ///     }
    /// }
    /// ```
    ///
    /// Where a token is malformed or of another API, the loop fails with `ImageIntelligenceError.resumeToken`, which says
    /// which, before anything is sent.
    public func track(_ tokens: [String], timeout: Duration = .seconds(15 * 60)) -> AsCompleted<Tracked> {
        AsCompleted {
            try self.native.asCompleted(
                jobs: try self.native.resumeEach(tokens: tokens), limitMs: milliseconds(timeout))
        } taken: { ended in
            Tracked(token: tokens[Int(ended.place)], result: ended.job, error: ended.error.map { named($0) })
        }
    }
}
