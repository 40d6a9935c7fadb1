// The names of what goes in and comes out, so that `import com.imageintelligence.*` brings them.
//
// Verify, JobStatus and ImageStatus stay in `com.imageintelligence.models`: Kotlin does not reach through an alias what is
// nested in a class, so `Verify.Never` would not compile with one.
package com.imageintelligence

/** A class to look for. */
public typealias DetectClass = com.imageintelligence.models.DetectClass

/** Where in a picture a class is not looked for. */
public typealias ExclusionZones = com.imageintelligence.models.ExclusionZones

/** Which kind of job. */
public typealias Kind = com.imageintelligence.models.Kind

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

/** Where in a picture an object is, in pixels. */
public typealias BoundingBox = com.imageintelligence.models.BoundingBox

/** Which of the pictures that you sent. */
public typealias Input = com.imageintelligence.models.Input

/** An object of a class in a picture. */
public typealias Hit = com.imageintelligence.ffi.Hit

/** Which picture a result speaks of. */
public typealias ImageRef = com.imageintelligence.ffi.ImageRef

/** What a callback token says. It was checked, so we said it. */
public typealias CallbackToken = com.imageintelligence.ffi.CallbackToken
