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

extension DetectImageResult {
    /// Which picture this is.
    public var image: ImageRef { ImageIntelligenceNative.imageOf(result: self) }
}

extension ImageStatus {
    /// What to do about an error, in a line.
    public var advice: String? { ImageIntelligenceNative.advice(status: self) }
}
