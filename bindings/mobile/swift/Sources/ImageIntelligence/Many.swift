// Where a run over any number of pictures begins: of a sequence of them, or of one that is awaited.
import Foundation
import ImageIntelligenceNative

extension ImageIntelligence {
    /// Asks which classes of objects are in any number of pictures: in as many jobs as it takes, a few of which are in flight at
    /// a time.
    ///
    /// ```swift
    /// let photos = paths.map { Image.file($0) }
    /// for try await item in client.detectAll(photos, classes: ["person"], onProgress: { print($0) }) {
    ///     if let seen = item.result, item.ok { print(item.source, seen.classes()) }
    ///     if let error = item.error { print(item.source, error.message) }
    /// }
    /// ```
    ///
    /// Pictures are read while results are taken, each file when its turn comes. What goes wrong with one picture, or with one
    /// job, is the `error` of these pictures; the others go on. After an error that every further job would meet, such as wrong
    /// credentials, no more is sent. Nothing begins before the loop; then a setting that is wrong is
    /// `ImageIntelligenceError.config`.
    ///
    /// - Parameters:
    ///   - images: any sequence of pictures, also one that is awaited.
    ///   - feedId: which camera or source the pictures came from, at most 64 characters.
    ///   - webhookUrl: where the service posts each finished job.
    ///   - boundingBoxes: asks where in the picture each object is; a server may leave that out.
    ///   - batchSize: how many pictures a job has at most, 1 to 64; it has fewer where they are large, or come slowly.
    ///   - concurrency: how many jobs are in flight at most, 1 to 1000; those count whose results are not all taken.
    ///   - ordered: gives results in the order of the pictures, and not as they come; one slow job then holds the others up.
    ///   - timeout: how long each job is waited for.
    ///   - manifest: the path of a file to write down in what was sent. Where it is there already, the run goes on from it: with
    ///     the same pictures and settings no picture is sent twice, and every result is given, those of the first run too.
    ///   - onProgress: is told whenever the run has come further, by the loop.
    public func detectAll<Images: Sequence & Sendable>(
        _ images: Images, classes: [DetectClass], feedId: String? = nil, webhookUrl: String? = nil,
        boundingBoxes: Bool = false, batchSize: Int = 64, concurrency: Int = 8, ordered: Bool = false,
        timeout: Duration = .seconds(15 * 60), manifest: String? = nil,
        onProgress: (@Sendable (RunProgress) -> Void)? = nil
    ) -> All<DetectImageResult> where Images.Element == Image {
        let how = Settings(
            feedId: feedId, webhookUrl: webhookUrl, batchSize: batchSize, concurrency: concurrency, ordered: ordered,
            timeout: timeout, manifest: manifest, onProgress: onProgress)
        return all(.detect(classes: classes, boundingBoxes: boundingBoxes), Pulled(images), (images as? any Collection)?.count, how, detected)
    }

    /// The same of a sequence that is awaited.
    public func detectAll<Images: AsyncSequence & Sendable>(
        _ images: Images, classes: [DetectClass], feedId: String? = nil, webhookUrl: String? = nil,
        boundingBoxes: Bool = false, batchSize: Int = 64, concurrency: Int = 8, ordered: Bool = false,
        timeout: Duration = .seconds(15 * 60), manifest: String? = nil,
        onProgress: (@Sendable (RunProgress) -> Void)? = nil
    ) -> All<DetectImageResult> where Images.Element == Image {
        let how = Settings(
            feedId: feedId, webhookUrl: webhookUrl, batchSize: batchSize, concurrency: concurrency, ordered: ordered,
            timeout: timeout, manifest: manifest, onProgress: onProgress)
        return all(.detect(classes: classes, boundingBoxes: boundingBoxes), images, nil, how, detected)
    }

    /// Asks which of any number of pictures show a target: see `detectAll`. Each job names one picture that does, and its item
    /// is `chosen`.
    public func matchAll<Images: Sequence & Sendable>(
        _ images: Images, target: Target, feedId: String? = nil, webhookUrl: String? = nil,
        batchSize: Int = 64, concurrency: Int = 8, ordered: Bool = false,
        timeout: Duration = .seconds(15 * 60), manifest: String? = nil,
        onProgress: (@Sendable (RunProgress) -> Void)? = nil
    ) -> All<ImageResult> where Images.Element == Image {
        let how = Settings(
            feedId: feedId, webhookUrl: webhookUrl, batchSize: batchSize, concurrency: concurrency, ordered: ordered,
            timeout: timeout, manifest: manifest, onProgress: onProgress)
        return all(.match(target: target), Pulled(images), (images as? any Collection)?.count, how, judged)
    }

    /// The same of a sequence that is awaited.
    public func matchAll<Images: AsyncSequence & Sendable>(
        _ images: Images, target: Target, feedId: String? = nil, webhookUrl: String? = nil,
        batchSize: Int = 64, concurrency: Int = 8, ordered: Bool = false,
        timeout: Duration = .seconds(15 * 60), manifest: String? = nil,
        onProgress: (@Sendable (RunProgress) -> Void)? = nil
    ) -> All<ImageResult> where Images.Element == Image {
        let how = Settings(
            feedId: feedId, webhookUrl: webhookUrl, batchSize: batchSize, concurrency: concurrency, ordered: ordered,
            timeout: timeout, manifest: manifest, onProgress: onProgress)
        return all(.match(target: target), images, nil, how, judged)
    }

    /// Asks a question about any number of pictures: see `detectAll`. Each job names one picture for which it is yes, and its
    /// item is `chosen`; with a `batchSize` of 1 each picture is asked about alone.
    public func askAll<Images: Sequence & Sendable>(
        _ images: Images, question: String, examples: Examples? = nil, feedId: String? = nil, webhookUrl: String? = nil,
        batchSize: Int = 64, concurrency: Int = 8, ordered: Bool = false,
        timeout: Duration = .seconds(15 * 60), manifest: String? = nil,
        onProgress: (@Sendable (RunProgress) -> Void)? = nil
    ) -> All<ImageResult> where Images.Element == Image {
        let how = Settings(
            feedId: feedId, webhookUrl: webhookUrl, batchSize: batchSize, concurrency: concurrency, ordered: ordered,
            timeout: timeout, manifest: manifest, onProgress: onProgress)
        return all(.ask(question: question, examples: examples), Pulled(images), (images as? any Collection)?.count, how, judged)
    }

    /// The same of a sequence that is awaited.
    public func askAll<Images: AsyncSequence & Sendable>(
        _ images: Images, question: String, examples: Examples? = nil, feedId: String? = nil, webhookUrl: String? = nil,
        batchSize: Int = 64, concurrency: Int = 8, ordered: Bool = false,
        timeout: Duration = .seconds(15 * 60), manifest: String? = nil,
        onProgress: (@Sendable (RunProgress) -> Void)? = nil
    ) -> All<ImageResult> where Images.Element == Image {
        let how = Settings(
            feedId: feedId, webhookUrl: webhookUrl, batchSize: batchSize, concurrency: concurrency, ordered: ordered,
            timeout: timeout, manifest: manifest, onProgress: onProgress)
        return all(.ask(question: question, examples: examples), images, nil, how, judged)
    }

    /// Looks for faces in any number of pictures, and for whose they are in a namespace: see `detectAll`.
    public func recognizeAll<Images: Sequence & Sendable>(
        _ images: Images, namespace: String, feedId: String? = nil, webhookUrl: String? = nil,
        batchSize: Int = 64, concurrency: Int = 8, ordered: Bool = false,
        timeout: Duration = .seconds(15 * 60), manifest: String? = nil,
        onProgress: (@Sendable (RunProgress) -> Void)? = nil
    ) -> All<RecognizedImage> where Images.Element == Image {
        let how = Settings(
            feedId: feedId, webhookUrl: webhookUrl, batchSize: batchSize, concurrency: concurrency, ordered: ordered,
            timeout: timeout, manifest: manifest, onProgress: onProgress)
        return all(.recognize(namespace: namespace), Pulled(images), (images as? any Collection)?.count, how, recognized)
    }

    /// The same of a sequence that is awaited.
    public func recognizeAll<Images: AsyncSequence & Sendable>(
        _ images: Images, namespace: String, feedId: String? = nil, webhookUrl: String? = nil,
        batchSize: Int = 64, concurrency: Int = 8, ordered: Bool = false,
        timeout: Duration = .seconds(15 * 60), manifest: String? = nil,
        onProgress: (@Sendable (RunProgress) -> Void)? = nil
    ) -> All<RecognizedImage> where Images.Element == Image {
        let how = Settings(
            feedId: feedId, webhookUrl: webhookUrl, batchSize: batchSize, concurrency: concurrency, ordered: ordered,
            timeout: timeout, manifest: manifest, onProgress: onProgress)
        return all(.recognize(namespace: namespace), images, nil, how, recognized)
    }

    private func all<Images: AsyncSequence & Sendable, Outcome>(
        _ asked: Asked, _ images: Images, _ total: Int?, _ how: Settings,
        _ taken: @escaping @Sendable (Seen) -> Outcome
    ) -> All<Outcome> where Images.Element == Image {
        // What is below none is as wrong as none, and core says so.
        let count = { (number: Int) -> UInt64 in UInt64(clamping: number) }
        let options = RunOptions(
            feedId: how.feedId, webhookUrl: how.webhookUrl, batchSize: count(how.batchSize),
            concurrency: count(how.concurrency), ordered: how.ordered, waitMs: milliseconds(how.timeout),
            manifest: how.manifest, total: total.map(count))
        let feed: Feed = { native, rooms in
            var pictures = images.makeAsyncIterator()
            for await room in rooms {
                for _ in 0..<room {
                    guard let image = try await pictures.next() else { return }
                    native.feed(images: [image.picture])
                }
            }
        }
        let begin: @Sendable () throws -> NativeAll = { try self.native.all(asked: asked, options: options) }
        return All(begin: begin, feed: feed, total: total, onProgress: how.onProgress, taken: taken)
    }
}

/// How a run goes.
private struct Settings {
    let feedId: String?
    let webhookUrl: String?
    let batchSize: Int
    let concurrency: Int
    let ordered: Bool
    let timeout: Duration
    let manifest: String?
    let onProgress: (@Sendable (RunProgress) -> Void)?
}

/// A sequence that is pulled as one is that is awaited.
private struct Pulled<Images: Sequence & Sendable>: AsyncSequence, Sendable {
    let images: Images

    init(_ images: Images) { self.images = images }

    func makeAsyncIterator() -> Iterator { Iterator(images: images.makeIterator()) }

    struct Iterator: AsyncIteratorProtocol {
        var images: Images.Iterator

        mutating func next() async -> Images.Element? { images.next() }
    }
}

// Each kind of job says its own of a picture, and nothing else.

@Sendable private func detected(_ seen: Seen) -> DetectImageResult {
    guard case .detect(let image) = seen else { preconditionFailure("not of a detect job") }
    return image
}

@Sendable private func judged(_ seen: Seen) -> ImageResult {
    guard case .judged(let image) = seen else { preconditionFailure("not of a match or ask job") }
    return image
}

@Sendable private func recognized(_ seen: Seen) -> RecognizedImage {
    guard case .recognized(let image) = seen else { preconditionFailure("not of a recognize job") }
    return image
}
