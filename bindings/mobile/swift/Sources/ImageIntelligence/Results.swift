// A job's results, and ways through them.
import ImageIntelligenceNative

/// A detect job: under way, or with its results.
public typealias DetectJob = ImageIntelligenceNative.DetectJob
/// The picture that was chosen for a class.
public typealias DetectJobResult = ImageIntelligenceNative.DetectJobResult
/// A picture that was chosen for a class.
public typealias DetectJobImage = ImageIntelligenceNative.DetectJobImage
/// What became of one picture.
public typealias DetectImageResult = ImageIntelligenceNative.DetectImageResult
/// One object in one picture.
public typealias DetectedObject = ImageIntelligenceNative.DetectedObject
/// A match job: under way, or with its result.
public typealias MatchJob = ImageIntelligenceNative.MatchJob
/// The target of a match job, and the picture that shows it.
public typealias MatchJobResult = ImageIntelligenceNative.MatchJobResult
/// What a match job looked for.
public typealias MatchTarget = ImageIntelligenceNative.MatchTarget
/// An ask job: under way, or with its answer.
public typealias AskJob = ImageIntelligenceNative.AskJob
/// The answer of an ask job.
public typealias AskJobResult = ImageIntelligenceNative.AskJobResult
/// The examples of an ask job.
public typealias AskExamples = ImageIntelligenceNative.AskExamples
/// A picture that was chosen as the answer of a match or ask job.
public typealias JobImage = ImageIntelligenceNative.JobImage
/// What became of one picture of a match or ask job.
public typealias ImageResult = ImageIntelligenceNative.ImageResult
/// A recognize job: under way, or with the faces that were found.
public typealias RecognizeJob = ImageIntelligenceNative.RecognizeJob
/// A picture of a recognize job, with the faces in it.
public typealias RecognizedImage = ImageIntelligenceNative.RecognizedImage
/// One face in one picture.
public typealias Face = ImageIntelligenceNative.Face
/// A face, and its picture.
public typealias FaceHit = ImageIntelligenceNative.FaceHit
/// A rectangle in a picture.
public typealias BoundingBox = ImageIntelligenceNative.BoundingBox
/// One of the pictures that you passed in.
public typealias Input = ImageIntelligenceNative.Input
/// How far a job has come.
public typealias JobStatus = ImageIntelligenceNative.JobStatus
/// What became of one picture of a job.
public typealias ImageStatus = ImageIntelligenceNative.ImageStatus
/// An object of a class in a picture.
public typealias Hit = ImageIntelligenceNative.Hit
/// Which picture a result speaks of.
public typealias ImageRef = ImageIntelligenceNative.ImageRef
/// The four kinds of job.
public typealias Kind = ImageIntelligenceNative.Kind
/// What a webhook is known to bring: the kind of a job, or an event.
public typealias EventKind = ImageIntelligenceNative.EventKind

extension DetectJob {
    /// Every picture in which the class was found, the surest first.
    public func found(_ name: String) -> [Hit] { ImageIntelligenceNative.found(job: self, name: name) }

    /// Every class that was found in some picture, in alphabetical order.
    public func classes() -> [String] { ImageIntelligenceNative.classes(job: self) }

    /// The pictures that could not be looked at. One bad picture never sinks the rest.
    public func errors() -> [DetectImageResult] {
        imageResults.filter { ImageIntelligenceNative.isError(status: $0.status) }
    }

    /// Whether nothing more will come. A job that ended with errors is done too.
    public var isDone: Bool { ImageIntelligenceNative.isDone(status: status) }
}

extension MatchJob {
    /// The picture that shows the target; `nil` where none does.
    public func matched() -> ImageRef? { ImageIntelligenceNative.matched(job: self) }

    /// The pictures that could not be looked at.
    public func errors() -> [ImageResult] {
        imageResults.filter { ImageIntelligenceNative.isError(status: $0.status) }
    }

    /// Whether nothing more will come.
    public var isDone: Bool { ImageIntelligenceNative.isDone(status: status) }
}

extension AskJob {
    /// A picture for which the answer is yes; `nil` where it is no for all of them.
    public func yes() -> ImageRef? { ImageIntelligenceNative.yes(job: self) }

    /// The pictures that could not be looked at.
    public func errors() -> [ImageResult] {
        imageResults.filter { ImageIntelligenceNative.isError(status: $0.status) }
    }

    /// Whether nothing more will come.
    public var isDone: Bool { ImageIntelligenceNative.isDone(status: status) }
}

extension RecognizeJob {
    /// Every face that was found, with its picture.
    public func faces() -> [FaceHit] { ImageIntelligenceNative.faces(job: self) }

    /// The pictures that could not be looked at.
    public func errors() -> [RecognizedImage] {
        images.filter { image in image.status.map { ImageIntelligenceNative.isError(status: $0) } ?? false }
    }

    /// Whether nothing more will come.
    public var isDone: Bool { ImageIntelligenceNative.isDone(status: status) }
}

extension DetectImageResult {
    /// Which picture this is.
    public var image: ImageRef { ImageIntelligenceNative.imageOf(result: self) }

    /// Every class that was found in it, in alphabetical order.
    public func classes() -> [String] { ImageIntelligenceNative.classesOf(result: self) }
}

extension ImageResult {
    /// Which picture this is.
    public var image: ImageRef { ImageIntelligenceNative.imageOfResult(result: self) }
}

extension RecognizedImage {
    /// Which picture this is.
    public var image: ImageRef { ImageIntelligenceNative.imageOfRecognized(result: self) }
}

extension ImageStatus {
    /// What to do about an error, in a line.
    public var advice: String? { ImageIntelligenceNative.advice(status: self) }
}
