// Ways through a job's results.
package com.imageintelligence

import com.imageintelligence.ffi.Told
import com.imageintelligence.ffi.imageOf
import com.imageintelligence.ffi.imageOfRecognized
import com.imageintelligence.ffi.imageOfResult
import com.imageintelligence.ffi.isError
import com.imageintelligence.ffi.jobJson
import com.imageintelligence.models.ImageStatus

/** Every picture in which the class was found, the surest first. */
public fun DetectJob.found(name: String): List<Hit> = com.imageintelligence.ffi.found(this, name)

/** Every class that was found in some picture, in alphabetical order. */
public fun DetectJob.classes(): List<String> = com.imageintelligence.ffi.classes(this)

/** Every class that was found in it, in alphabetical order. */
public fun DetectImageResult.classes(): List<String> = com.imageintelligence.ffi.classesOf(this)

/** The picture that shows the target; `null` where none does. */
public fun MatchJob.matched(): ImageRef? = com.imageintelligence.ffi.matched(this)

/** A picture for which the answer is yes; `null` where it is no for all of them. */
public fun AskJob.yes(): ImageRef? = com.imageintelligence.ffi.yes(this)

/** Every face that was found, with its picture. */
public fun RecognizeJob.faces(): List<FaceHit> = com.imageintelligence.ffi.faces(this)

/** The pictures that could not be looked at. One bad picture never sinks the rest. */
public fun DetectJob.errors(): List<DetectImageResult> = imageResults.filter { isError(it.status) }

/** The pictures that could not be looked at. */
public fun MatchJob.errors(): List<ImageResult> = imageResults.filter { isError(it.status) }

/** The pictures that could not be looked at. */
public fun AskJob.errors(): List<ImageResult> = imageResults.filter { isError(it.status) }

/** The pictures that could not be looked at. */
public fun RecognizeJob.errors(): List<RecognizedImage> = images.filter { image -> image.status?.let { isError(it) } ?: false }

/** Whether nothing more will come. A job that ended with errors is done too. */
public val DetectJob.isDone: Boolean get() = com.imageintelligence.ffi.isDone(status)

/** Whether nothing more will come. */
public val MatchJob.isDone: Boolean get() = com.imageintelligence.ffi.isDone(status)

/** Whether nothing more will come. */
public val AskJob.isDone: Boolean get() = com.imageintelligence.ffi.isDone(status)

/** Whether nothing more will come. */
public val RecognizeJob.isDone: Boolean get() = com.imageintelligence.ffi.isDone(status)

/** The job as JSON: what is understood of it, in the API's own names. What came is [DetectJob.raw]. */
public fun DetectJob.toJson(): String = jobJson(Told.Detect(this))

/** The job as JSON. What came is [MatchJob.raw]. */
public fun MatchJob.toJson(): String = jobJson(Told.Match(this))

/** The job as JSON. What came is [AskJob.raw]. */
public fun AskJob.toJson(): String = jobJson(Told.Ask(this))

/** The job as JSON. What came is [RecognizeJob.raw]. */
public fun RecognizeJob.toJson(): String = jobJson(Told.Recognize(this))

/** The event as JSON. What came is [RegisteredEvent.raw]. */
public fun RegisteredEvent.toJson(): String = com.imageintelligence.ffi.eventJson(this)

/** Which picture this is. */
public val DetectImageResult.image: ImageRef get() = imageOf(this)

/** Which picture this is. */
public val ImageResult.image: ImageRef get() = imageOfResult(this)

/** Which picture this is. */
public val RecognizedImage.image: ImageRef get() = imageOfRecognized(this)

/** What to do about an error, in a line; `null` where there is nothing to say. */
public val ImageStatus.advice: String? get() = com.imageintelligence.ffi.advice(this)
