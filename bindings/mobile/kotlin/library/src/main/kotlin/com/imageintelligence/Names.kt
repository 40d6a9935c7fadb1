// The names of what goes in and comes out, so that `import com.imageintelligence.*` brings them.
//
// Verify, SortOrder, NameFilter, FeedbackCode, EventName, LinkModifier, JobStatus and ImageStatus stay in `com.imageintelligence.models`: Kotlin does not reach through an alias what is
// nested in a class, so `Verify.Never` would not compile with one.
package com.imageintelligence

/** A class to look for. */
public typealias DetectClass = com.imageintelligence.models.DetectClass

/** Where in a picture a class is not looked for. */
public typealias ExclusionZones = com.imageintelligence.models.ExclusionZones

/** Which kind of job. */
public typealias Kind = com.imageintelligence.models.Kind

/** What a webhook is known to bring: the kind of a job, or an event. */
public typealias EventKind = com.imageintelligence.models.EventKind

/** A detect job, as the service tells of it. */
public typealias DetectJob = com.imageintelligence.models.DetectJob

/** What a job found of one class, over all its pictures. */
public typealias DetectJobResult = com.imageintelligence.models.DetectJobResult

/** One picture of such a result. */
public typealias DetectJobImage = com.imageintelligence.models.DetectJobImage

/** What was found in one picture. */
public typealias DetectImageResult = com.imageintelligence.models.DetectImageResult

/** One class in one picture. */
public typealias DetectedObject = com.imageintelligence.models.DetectedObject

/** What a match job looks for. */
public typealias Target = com.imageintelligence.models.Target

/** A match job, as the service tells of it. */
public typealias MatchJob = com.imageintelligence.models.MatchJob

/** The target of a match job, and the picture that shows it. */
public typealias MatchJobResult = com.imageintelligence.models.MatchJobResult

/** What a match job looked for. */
public typealias MatchTarget = com.imageintelligence.models.MatchTarget

/** Pictures for which the answer to a question is known. */
public typealias Examples = com.imageintelligence.models.Examples

/** An ask job, as the service tells of it. */
public typealias AskJob = com.imageintelligence.models.AskJob

/** The answer of an ask job. */
public typealias AskJobResult = com.imageintelligence.models.AskJobResult

/** The examples of an ask job. */
public typealias AskExamples = com.imageintelligence.models.AskExamples

/** A picture that was chosen as the answer of a match or ask job. */
public typealias JobImage = com.imageintelligence.models.JobImage

/** What became of one picture of a match or ask job. */
public typealias ImageResult = com.imageintelligence.models.ImageResult

/** A recognize job, as the service tells of it. */
public typealias RecognizeJob = com.imageintelligence.models.RecognizeJob

/** A picture of a recognize job, with the faces in it. */
public typealias RecognizedImage = com.imageintelligence.models.RecognizedImage

/** One face in one picture. */
public typealias Face = com.imageintelligence.models.Face

/** A face, and its picture. */
public typealias FaceHit = com.imageintelligence.ffi.FaceHit

/** What a search of recognition is after. */
public typealias RecognitionSearch = com.imageintelligence.models.RecognitionSearch

/** Somebody, as the service knows them: by pictures of their face. */
public typealias Identity = com.imageintelligence.models.Identity

/** A picture of one face. */
public typealias FaceImage = com.imageintelligence.models.FaceImage

/** Faces that the service takes for those of one person. */
public typealias FaceGroup = com.imageintelligence.models.FaceGroup

/** Feedback that the service has taken. */
public typealias Feedback = com.imageintelligence.models.Feedback

/** A class about which a detect job was wrong. */
public typealias FeedbackClass = com.imageintelligence.models.FeedbackClass

/** A webhook that was registered for an organisation's application. */
public typealias RegisteredWebhook = com.imageintelligence.models.RegisteredWebhook

/** An event that a registered webhook brought. */
public typealias RegisteredEvent = com.imageintelligence.models.RegisteredEvent

/** Where in a picture an object is, in pixels. */
public typealias BoundingBox = com.imageintelligence.models.BoundingBox

/** Which of the pictures that you sent. */
public typealias Input = com.imageintelligence.models.Input

/** An object of a class in a picture. */
public typealias Hit = com.imageintelligence.ffi.Hit

/** Which picture a result speaks of. */
public typealias ImageRef = com.imageintelligence.ffi.ImageRef

/** A submit of an earlier process that nobody saw the end of: [ImageIntelligence.recover]. */
public typealias Recovered = com.imageintelligence.ffi.Recovered

/** What became of a submit. */
public typealias SubmitOutcome = com.imageintelligence.ffi.SubmitOutcome

/** What a callback token says. It was checked, so we said it. */
public typealias CallbackToken = com.imageintelligence.ffi.CallbackToken
