// The client.
package com.imageintelligence

import com.imageintelligence.ffi.Asked
import com.imageintelligence.ffi.Host
import com.imageintelligence.ffi.NativeClient
import com.imageintelligence.ffi.NativeJob
import com.imageintelligence.ffi.Options
import java.nio.file.Path
import kotlin.reflect.KClass
import kotlin.time.Duration

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
 * @param requestsPerSecond how often waits look at their jobs in all, once more than a few are open: 2; with more, results
 *   come a little sooner
 * @param journal a file in which every submit is written down before it leaves, so that after a crash [recover] knows what
 *   became of it; one client at a time writes to it
 */
public class ImageIntelligence(
    clientId: String? = null,
    clientSecret: String? = null,
    baseUrl: String? = null,
    requestTimeout: Duration? = null,
    allowPlainHttp: Boolean = false,
    requestsPerSecond: Double? = null,
    journal: Path? = null,
) : AutoCloseable {
    @JvmSynthetic
    internal val native: NativeClient = crossing {
        val limit = requestTimeout?.let { requestLimit(it) }
        val file = journal?.toString()
        NativeClient(Host.KOTLIN, clientId, clientSecret, baseUrl, limit, allowPlainHttp, requestsPerSecond, file)
    }

    /** Detect jobs that were made before. */
    public val detectJobs: DetectJobs = DetectJobs(native)

    /** Match jobs that were made before. */
    public val matchJobs: MatchJobs = MatchJobs(native)

    /** Ask jobs that were made before. */
    public val askJobs: AskJobs = AskJobs(native)

    /** Telling the service where a detect job was wrong. */
    public val feedback: Feedbacks = Feedbacks(native)

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
    ): DetectHandle = look(images, classes.map { DetectClass(it) }, customId, feedId, webhookUrl, boundingBoxes)

    /** The same, with classes that have settings. */
    @JvmName("detectClasses")
    public suspend fun detect(
        images: List<Image>,
        classes: List<DetectClass>,
        customId: String? = null,
        feedId: String? = null,
        webhookUrl: String? = null,
        boundingBoxes: Boolean = false,
    ): DetectHandle = look(images, classes, customId, feedId, webhookUrl, boundingBoxes)

    /** An empty list could be of either kind, and would not compile; it is refused like any other wrong number of classes. */
    @JvmName("detectNothing")
    public suspend fun detect(
        images: List<Image>,
        classes: List<Nothing>,
        customId: String? = null,
        feedId: String? = null,
        webhookUrl: String? = null,
        boundingBoxes: Boolean = false,
    ): DetectHandle = look(images, classes, customId, feedId, webhookUrl, boundingBoxes)

    private suspend fun look(
        images: List<Image>,
        classes: List<DetectClass>,
        customId: String?,
        feedId: String?,
        webhookUrl: String?,
        boundingBoxes: Boolean,
    ): DetectHandle =
        DetectHandle(send(Asked.Detect(classes, boundingBoxes), images, Options(customId, feedId, webhookUrl)))

    /**
     * Asks which of the pictures, 1 to 64 of them, shows the target, and returns once the job is made: see [detect].
     *
     * ```kotlin
     * val rex = Target("dog", images = listOf("https://example.com/rex.jpg"))
     * client.match(listOf(Image.file("street.jpg")), target = rex).wait().matched()?.let { println("there he is: ${it.name}") }
     * ```
     */
    public suspend fun match(
        images: List<Image>,
        target: Target,
        customId: String? = null,
        feedId: String? = null,
        webhookUrl: String? = null,
    ): MatchHandle = MatchHandle(send(Asked.Match(target), images, Options(customId, feedId, webhookUrl)))

    /**
     * Asks a question about the pictures, 1 to 64 of them, to be answered with yes or no, and returns once the job is made:
     * see [detect].
     *
     * ```kotlin
     * val open = client.ask(listOf(Image.file("door.jpg")), question = "Is the door open?").wait().yes() != null
     * ```
     *
     * @param question at most 256 characters
     * @param examples pictures for which the answer is known
     */
    public suspend fun ask(
        images: List<Image>,
        question: String,
        examples: Examples? = null,
        customId: String? = null,
        feedId: String? = null,
        webhookUrl: String? = null,
    ): AskHandle = AskHandle(send(Asked.Ask(question, examples), images, Options(customId, feedId, webhookUrl)))

    /**
     * Looks for faces in the pictures, 1 to 64 of them, and for whose they are among the identities of a namespace; returns
     * once the job is made: see [detect].
     *
     * @param namespace as of [recognition]
     */
    public suspend fun recognize(
        images: List<Image>,
        namespace: String,
        customId: String? = null,
        feedId: String? = null,
        webhookUrl: String? = null,
    ): RecognizeHandle = RecognizeHandle(send(Asked.Recognize(namespace), images, Options(customId, feedId, webhookUrl)))

    private suspend fun send(asked: Asked, images: List<Image>, options: Options): NativeJob = crossing {
        whole(asked)
        whole("customId", options.customId)
        whole("feedId", options.feedId)
        whole("webhookUrl", options.webhookUrl)
        native.send(asked, images.mapIndexed { at, image -> image.toPicture("images[$at]") }, options, null)
    }

    /**
     * Takes up a job again by its resume token, of this process or another, of this language or another. Nothing is sent
     * yet. Fails with [ImageIntelligenceException.ResumeToken].
     *
     * The handle is of the kind of the token. Where that is known, say so: `client.resume<DetectHandle>(token)`; else:
     *
     * ```kotlin
     * when (val job = client.resume(token)) {
     *     is DetectHandle -> println(job.wait().classes())
     *     is MatchHandle -> println(job.wait().matched()?.name)
     *     is AskHandle -> println(job.wait().yes()?.name)
     *     is RecognizeHandle -> println(job.wait().faces().size)
     * }
     * ```
     */
    public fun resume(token: String): JobHandle<*> = crossing { handleOf(native.resume(token, null)) }

    /** The same for a job of a kind that is known; a token of another kind is [ImageIntelligenceException.ResumeToken], too. */
    @JvmName("resumeAs")
    public inline fun <reified H : JobHandle<*>> resume(token: String): H = resumed(token, H::class) as H

    @PublishedApi
    internal fun resumed(token: String, handle: KClass<*>): JobHandle<*> = crossing {
        val kind = when (handle) {
            DetectHandle::class -> Kind.DETECT
            MatchHandle::class -> Kind.MATCH
            AskHandle::class -> Kind.ASK
            RecognizeHandle::class -> Kind.RECOGNIZE
            else -> null
        }
        handleOf(native.resume(token, kind))
    }

    /**
     * What became of every submit of earlier processes that was cut off, or whose result nobody took: the oldest first, as the
     * journal has them.
     *
     * ```kotlin
     * for (submit in client.recover()) {
     *     when (submit.outcome) {
     *         SubmitOutcome.ACCEPTED -> client.resume(submit.resumeToken!!).wait()
     *         SubmitOutcome.NOT_SENT -> println("${submit.customId}: send it again")
     *         SubmitOutcome.UNKNOWN -> println("${submit.customId}: ${submit.message}")
     *     }
     *     client.forget(submit)
     * }
     * ```
     *
     * What left and had no answer is searched for, for up to 30 s; nothing is sent again. Each comes at every start until it
     * is forgotten or its result is taken. Fails with [ImageIntelligenceException.Config] where the client keeps no journal.
     */
    public suspend fun recover(): List<Recovered> = crossing { native.recover(null) }

    /** Takes a submit out of the journal: it is dealt with. One that is not there is forgotten already. */
    public suspend fun forget(submit: Recovered): Unit = crossing { native.forget(submit.rid, null) }

    /**
     * What the service keeps of faces in a namespace, which keeps one user's identities apart from another's.
     *
     * @param namespace at most 128 characters
     */
    public fun recognition(namespace: String): Recognition = crossing { Recognition(native.recognition(namespace)) }

    /**
     * Has the events of this application posted to a URL: whenever somebody becomes known, or what is known of them changes.
     * There is one such webhook for each application, and it cannot be taken back.
     *
     * It is sent once: where the answer is lost, that is [ImageIntelligenceException.OutcomeUnknown].
     *
     * @param url public, at most 2048 characters
     * @param secretKey with which each event is signed, 8 to 256 characters; without one they are not signed
     */
    public suspend fun registerWebhook(url: String, secretKey: String? = null): Registration = crossing {
        whole("url", url)
        val made = native.registerWebhook(url, secretKey, null)
        Registration(made.webhook, made.secretKey)
    }

    /**
     * The bytes of a picture that an answer names, by its `proxyUrl` or the `url` of a face: at most 32 MiB.
     *
     * It is fetched without the token; only by https, and only from a public address (from this machine, too, where the API
     * is on it).
     */
    public suspend fun image(url: String): ByteArray = crossing { native.image(url, null) }

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

/** Refuses what is asked where UTF-8 cannot say it. */
@JvmSynthetic
internal fun whole(asked: Asked): Unit = when (asked) {
    is Asked.Detect -> asked.classes.forEachIndexed { at, wanted -> whole("classes[$at]", wanted.`class`) }
    is Asked.Match -> {
        whole("target.class", asked.target.`class`)
        whole("target.customId", asked.target.customId)
        whole("target.images", asked.target.images)
    }
    is Asked.Ask -> {
        whole("question", asked.question)
        whole("examples.yes", asked.examples?.yes)
        whole("examples.no", asked.examples?.no)
    }
    is Asked.Recognize -> whole("namespace", asked.namespace)
}

private fun requestLimit(requestTimeout: Duration): ULong {
    if (!requestTimeout.isPositive()) throw badConfig("requestTimeout: $requestTimeout leaves no time; pass more than zero")
    // What is shorter than a millisecond is not none.
    return requestTimeout.inWholeMilliseconds.coerceAtLeast(1).toULong()
}
