// The client, and the jobs that it hands out.
package com.imageintelligence

import com.imageintelligence.ffi.Host
import com.imageintelligence.ffi.NativeClient
import com.imageintelligence.ffi.NativeJob
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Instant

/**
 * A client of one API. Make one and keep it; it may be used by any number of coroutines at once.
 *
 * ```kotlin
 * ImageIntelligence.fromEnv().use { client ->
 *     val job = client.detect(listOf(Image.file("astronaut.jpg")), classes = listOf("person"))
 *     job.wait(timeout = 60.seconds).found("person").forEach { println("${it.image.name} ${it.confidence}") }
 * }
 * ```
 *
 * Every call that suspends can be cancelled, also by `withTimeout`: its request ends at once. A job that was sent goes on
 * all the same. What fails, fails with an [ImageIntelligenceException].
 *
 * @param clientId who asks; else `II_CLIENT_ID`
 * @param clientSecret the proof; else `II_CLIENT_SECRET`
 * @param baseUrl where the API is; else `II_BASE_URL`, else the public one
 * @param requestTimeout how long one request may take, more than zero; 60 s
 * @param allowPlainHttp allows `http://` to another machine, where everybody on the way can read the token
 */
public class ImageIntelligence(
    clientId: String? = null,
    clientSecret: String? = null,
    baseUrl: String? = null,
    requestTimeout: Duration? = null,
    allowPlainHttp: Boolean = false,
) : AutoCloseable {
    private val native: NativeClient = crossing {
        NativeClient(Host.KOTLIN, clientId, clientSecret, baseUrl, requestTimeout?.let { limit(it) }, allowPlainHttp)
    }

    /** Jobs that were made before. */
    public val detectJobs: DetectJobs = DetectJobs(native)

    /**
     * Asks which classes of objects are in the pictures, 1 to 64 of them, and returns once the job is made.
     *
     * The job is never sent a second time unless it is certain that the first never arrived; what cannot be proven is
     * [ImageIntelligenceException.OutcomeUnknown]. After an answer that was lost, the job is looked for, for up to 30 s.
     *
     * @param customId a name of your own for the job, at most 64 characters
     * @param feedId which camera or source the pictures came from, at most 64 characters
     * @param webhookUrl where the service posts the finished job
     * @param boundingBoxes asks where in the picture each object is; a server may leave that out
     */
    public suspend fun detect(
        images: List<Image>,
        classes: List<String>,
        customId: String? = null,
        feedId: String? = null,
        webhookUrl: String? = null,
        boundingBoxes: Boolean = false,
    ): DetectHandle = send(images, classes.map { DetectClass(it) }, customId, feedId, webhookUrl, boundingBoxes)

    /** The same, with classes that have settings. */
    @JvmName("detectClasses")
    public suspend fun detect(
        images: List<Image>,
        classes: List<DetectClass>,
        customId: String? = null,
        feedId: String? = null,
        webhookUrl: String? = null,
        boundingBoxes: Boolean = false,
    ): DetectHandle = send(images, classes, customId, feedId, webhookUrl, boundingBoxes)

    /** An empty list could be of either kind, and would not compile; it is refused like any other wrong number of classes. */
    @JvmName("detectNothing")
    public suspend fun detect(
        images: List<Image>,
        classes: List<Nothing>,
        customId: String? = null,
        feedId: String? = null,
        webhookUrl: String? = null,
        boundingBoxes: Boolean = false,
    ): DetectHandle = send(images, classes, customId, feedId, webhookUrl, boundingBoxes)

    private suspend fun send(
        images: List<Image>,
        classes: List<DetectClass>,
        customId: String?,
        feedId: String?,
        webhookUrl: String?,
        boundingBoxes: Boolean,
    ): DetectHandle = crossing {
        whole("customId", customId)
        whole("feedId", feedId)
        whole("webhookUrl", webhookUrl)
        classes.forEachIndexed { at, wanted -> whole("classes[$at]", wanted.`class`) }
        val pictures = images.mapIndexed { at, image -> image.toPicture("images[$at]") }
        DetectHandle(native.detect(pictures, classes, customId, feedId, webhookUrl, boundingBoxes, null))
    }

    /**
     * Takes up a job again by its resume token, of this process or another, of this language or another. Nothing is sent
     * yet. Fails with [ImageIntelligenceException.ResumeToken].
     */
    public fun resume(token: String): DetectHandle = crossing { DetectHandle(native.resume(token)) }

    /** Ends every call under way with [ImageIntelligenceException.Closed], those of jobs too, and refuses others. */
    override fun close(): Unit = native.shutDown()

    override fun toString(): String =
        try {
            "ImageIntelligence(${crossing { native.baseUrl() }})"
        } catch (_: ImageIntelligenceException.Closed) {
            "ImageIntelligence(closed)"
        }

    public companion object {
        /** A client with `II_CLIENT_ID` and `II_CLIENT_SECRET`, at `II_BASE_URL` or the public API. */
        public fun fromEnv(): ImageIntelligence = ImageIntelligence()
    }
}

/** A detect job that was sent. Letting go of it, or of a wait, never cancels the job. */
public class DetectHandle internal constructor(private val native: NativeJob) {
    /** The service's name for the job. */
    public val id: String get() = native.id()

    /** The name that the job was given; `null` where it was resumed. */
    public val customId: String? get() = native.customId()

    /** When the job was made, by the service's clock. */
    public val createdAt: Instant get() = native.createdAt()

    /** A line of text that takes the job up again anywhere, with [ImageIntelligence.resume]. No URL and no secret in it. */
    public val resumeToken: String get() = native.resumeToken()

    /** The job as it is now, done or not. */
    public suspend fun get(): DetectJob = crossing { native.get(null) }

    /**
     * Waits until the job is done. A job that ended with errors is a result.
     *
     * Fails with [ImageIntelligenceException.WaitTimeout] at the [timeout], with the token to wait on with. Whatever may
     * pass, passes: a reset, a 503 or a 429 does not end a wait. One last look at the deadline may take up to 5 s more.
     *
     * @param timeout how long, zero for one look; negative is [ImageIntelligenceException.InvalidRequest]
     */
    public suspend fun wait(timeout: Duration = 15.minutes): DetectJob =
        crossing {
            if (timeout.isNegative()) throw invalidRequest("timeout: $timeout is before now; pass zero or more")
            native.wait(timeout.inWholeMilliseconds.toULong(), null)
        }

    override fun toString(): String = "DetectHandle($id)"
}

/** Detect jobs that were made before: [ImageIntelligence.detectJobs]. */
public class DetectJobs internal constructor(private val native: NativeClient) {
    /** The job as it is now. Fails with [ImageIntelligenceException.NotFound] where the API does not know it. */
    public suspend fun get(id: String): DetectJob = crossing { native.detectJob(id, null) }
}

private fun limit(requestTimeout: Duration): ULong {
    if (!requestTimeout.isPositive()) throw badConfig("requestTimeout: $requestTimeout leaves no time; pass more than zero")
    // What is shorter than a millisecond is not none.
    return requestTimeout.inWholeMilliseconds.coerceAtLeast(1).toULong()
}
