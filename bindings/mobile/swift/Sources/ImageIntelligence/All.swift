// Any number of pictures: fed as they are wanted, and what became of each.
import Foundation
import ImageIntelligenceNative

/// What became of one picture. `Outcome` is what the service says of a picture.
public struct Item<Outcome: Sendable>: Sendable {
    /// Its place among the pictures, from 0.
    public let index: Int
    /// What was passed in: a URL, a path, or `images[i]` for bytes.
    public let source: String
    /// The name that it was given.
    public let customId: String?
    /// The job that it was in, where there is one.
    public let jobId: String?
    /// What the service says of it; also where it says that it could not look at it.
    public let result: Outcome?
    /// Why there is no result, or what the result says went wrong.
    public let error: ImageIntelligenceError?
    /// Whether its job names it as the answer: the picture that shows the target, or for which it is yes; of a detect job, the
    /// picture chosen for a class. A job names one picture, so with many pictures a job others may show the same.
    public let chosen: Bool

    /// Whether the picture was looked at: then there is a result.
    public var ok: Bool { error == nil && result != nil }
}

/// How far a run has come, in pictures.
public struct RunProgress: Sendable, Equatable {
    /// How many there are, where that is known beforehand, as of an array.
    public let total: Int?
    /// Those that have a result.
    public let done: Int
    /// Those that have an error.
    public let failed: Int
    /// Those that were submitted and have neither yet.
    public let inFlight: Int
    /// The jobs that were submitted, or taken up again.
    public let jobs: Int
    /// How long the run has lasted.
    public let elapsed: Duration
}

/// The results of any number of pictures, as `client.detectAll` and its siblings give them.
///
/// Pictures are read, and jobs are sent, while the loop asks for the next result, so whoever takes results slowly is sent no
/// more of them than he takes. Each loop begins anew, and sends anew; `stop`, `progress` and `inFlight` speak of the latest.
///
/// A loop that is left, by `break` or as its task is cancelled, sends no more. The jobs in flight go on at the service, and
/// `inFlight` has their tokens. What the pictures' own sequence throws is thrown after the results of all that it had given.
public final class All<Outcome: Sendable>: AsyncSequence, Sendable {
    public typealias Element = Item<Outcome>

    private let begin: @Sendable () throws -> NativeAll
    private let feed: Feed
    private let total: Int?
    private let onProgress: (@Sendable (RunProgress) -> Void)?
    private let taken: @Sendable (Seen) -> Outcome
    private let latest = Held<NativeAll?>(nil)

    init(
        begin: @escaping @Sendable () throws -> NativeAll, feed: @escaping Feed, total: Int?,
        onProgress: (@Sendable (RunProgress) -> Void)?, taken: @escaping @Sendable (Seen) -> Outcome
    ) {
        (self.begin, self.feed, self.total, self.onProgress, self.taken) = (begin, feed, total, onProgress, taken)
    }

    /// How far it has come.
    public var progress: RunProgress {
        latest.value.map { RunProgress($0.progress()) }
            ?? RunProgress(total: total, done: 0, failed: 0, inFlight: 0, jobs: 0, elapsed: .zero)
    }

    /// The resume tokens of the jobs that were submitted and whose results were not all taken, also after a loop that was
    /// left: `client.track` takes them.
    public var inFlight: [String] { latest.value?.inFlight() ?? [] }

    /// Reads and sends no more. What is in flight is still given; what was read and not sent comes as
    /// `ImageIntelligenceError.cancelled`.
    public func stop() { latest.value?.stop() }

    public func makeAsyncIterator() -> Iterator { Iterator(all: self) }

    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let all: All
        private var run: Run<Outcome>?

        fileprivate init(all: All) { self.all = all }

        public mutating func next() async throws -> Item<Outcome>? {
            let run = try self.run ?? all.start()
            self.run = run
            return try await run.next()
        }
    }

    private func start() throws -> Run<Outcome> {
        let native = try crossing(begin)
        latest.value = native
        return Run(native, feed, onProgress, taken)
    }
}

/// Hands pictures over: so many as the stream says, each time that it says so. Returns when there are no more.
typealias Feed = @Sendable (NativeAll, AsyncStream<Int>) async throws -> Void

/// One loop over the results. Whoever leaves it lets go of this.
private final class Run<Outcome: Sendable> {
    private let native: NativeAll
    private let wanted: AsyncStream<Int>.Continuation
    private let feeding: Task<Void, Never>
    private let failure = Held<(any Error)?>(nil)
    private let onProgress: (@Sendable (RunProgress) -> Void)?
    private let taken: @Sendable (Seen) -> Outcome
    private var told: HowFar?
    private var ready: ArraySlice<NativeItem> = []

    init(
        _ native: NativeAll, _ feed: @escaping Feed, _ onProgress: (@Sendable (RunProgress) -> Void)?,
        _ taken: @escaping @Sendable (Seen) -> Outcome
    ) {
        (self.native, self.onProgress, self.taken) = (native, onProgress, taken)
        let (rooms, wanted) = AsyncStream.makeStream(of: Int.self)
        self.wanted = wanted
        // Of this object it holds nothing, so that leaving the loop ends it.
        feeding = Task { [failure] in
            do { try await feed(native, rooms) } catch { failure.value = error }
            native.end()
        }
    }

    deinit {
        feeding.cancel()
        native.leave()
    }

    func next() async throws -> Item<Outcome>? {
        while ready.isEmpty {
            let native = native
            let next = try await crossing { try await native.next(cancel: $0) }
            tell()
            switch next {
            case .items(let items):
                ready = items[...]
            case .want(let room):
                wanted.yield(Int(room))
            case .end:
                feeding.cancel()
                guard let failure = failure.value else { return nil }
                self.failure.value = nil
                throw failure
            }
        }
        return Item(ready.removeFirst(), taken)
    }

    private func tell() {
        guard let onProgress else { return }
        let now = native.progress()
        let progress = RunProgress(now)
        if told.map({ RunProgress($0).isAsFar(as: progress) }) != true { onProgress(progress) }
        told = now
    }
}

extension Item {
    fileprivate init(_ item: NativeItem, _ taken: (Seen) -> Outcome) {
        self.init(
            index: Int(item.index), source: item.source, customId: item.customId, jobId: item.jobId,
            result: item.result.map(taken), error: item.error.map { named($0) }, chosen: item.chosen)
    }
}

extension RunProgress {
    fileprivate init(_ now: HowFar) {
        self.init(
            total: now.total.map { Int($0) }, done: Int(now.done), failed: Int(now.failed), inFlight: Int(now.inFlight),
            jobs: Int(now.jobs), elapsed: .milliseconds(Int64(clamping: now.elapsedMs)))
    }

    fileprivate func isAsFar(as other: RunProgress) -> Bool {
        (done, failed, inFlight, jobs) == (other.done, other.failed, other.inFlight, other.jobs)
    }
}

/// A value that several tasks look at.
final class Held<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var held: Value

    init(_ value: Value) { held = value }

    var value: Value {
        get { lock.withLock { held } }
        set { lock.withLock { held = newValue } }
    }
}
