// Ways through a job's results.
package com.imageintelligence

import com.imageintelligence.models.ImageStatus

/** Every picture in which the class was found, the surest first. */
public fun DetectJob.found(name: String): List<Hit> = com.imageintelligence.ffi.found(this, name)

/** Every class that was found in some picture, in alphabetical order. */
public fun DetectJob.classes(): List<String> = com.imageintelligence.ffi.classes(this)

/** The pictures that could not be looked at. One bad picture never sinks the rest. */
public fun DetectJob.errors(): List<DetectImageResult> =
    imageResults.filter { com.imageintelligence.ffi.isError(it.status) }

/** Whether nothing more will come. A job that ended with errors is done too. */
public val DetectJob.isDone: Boolean get() = com.imageintelligence.ffi.isDone(status)

/** The job as JSON: what is understood of it, in the API's own names. What came is [DetectJob.raw]. */
public fun DetectJob.toJson(): String = com.imageintelligence.ffi.jobJson(this)

/** Which picture this is. */
public val DetectImageResult.image: ImageRef get() = com.imageintelligence.ffi.imageOf(this)

/** What to do about an error, in a line; `null` where there is nothing to say. */
public val ImageStatus.advice: String? get() = com.imageintelligence.ffi.advice(this)
