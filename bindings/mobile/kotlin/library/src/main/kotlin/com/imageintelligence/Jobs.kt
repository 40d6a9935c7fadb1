// Jobs: the handle of one that was sent, and those that were made before.
package com.imageintelligence

import com.imageintelligence.ffi.NativeClient
import com.imageintelligence.ffi.NativeJob
import com.imageintelligence.ffi.Told
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Instant

/**
 * A job that was sent, of any kind. Letting go of it, or of a wait, never cancels the job.
 *
 * @param J what it turns into
 */
public sealed class JobHandle<out J>(@JvmSynthetic internal val native: NativeJob) {
    /** The service's name for the job. */
    public val id: String get() = native.id()

    /** The name that the job was given; `null` where it was resumed. */
    public val customId: String? get() = native.customId()

    /** When the job was made, by the service's clock. */
    public val createdAt: Instant get() = native.createdAt()

    /** A line of text that takes the job up again anywhere, with [ImageIntelligence.resume]. No URL and no secret in it. */
    public val resumeToken: String get() = native.resumeToken()

    /** The job as it is now, done or not. */
    public suspend fun get(): J = crossing { of(native.get(null)) }

    /**
     * Waits until the job is done. A job that ended with errors is a result.
     *
     * Fails with [ImageIntelligenceException.WaitTimeout] at the [timeout], with the token to wait on with. Whatever may
     * pass, passes: a reset, a 503 or a 429 does not end a wait. One last look at the deadline may take up to 5 s more.
     *
     * @param timeout how long, zero for one look; negative is [ImageIntelligenceException.InvalidRequest]
     */
    public suspend fun wait(timeout: Duration = 15.minutes): J = crossing { of(native.wait(limit(timeout), null)) }

    internal abstract fun of(told: Told): J

    override fun toString(): String = "${this::class.simpleName}($id)"
}

/** A detect job that was sent. */
public class DetectHandle internal constructor(native: NativeJob) : JobHandle<DetectJob>(native) {
    override fun of(told: Told): DetectJob = (told as Told.Detect).job
}

/** A match job that was sent. */
public class MatchHandle internal constructor(native: NativeJob) : JobHandle<MatchJob>(native) {
    override fun of(told: Told): MatchJob = (told as Told.Match).job
}

/** An ask job that was sent. */
public class AskHandle internal constructor(native: NativeJob) : JobHandle<AskJob>(native) {
    override fun of(told: Told): AskJob = (told as Told.Ask).job
}

/** A recognize job that was sent. */
public class RecognizeHandle internal constructor(native: NativeJob) : JobHandle<RecognizeJob>(native) {
    override fun of(told: Told): RecognizeJob = (told as Told.Recognize).job
}

@JvmSynthetic
internal fun limit(timeout: Duration): ULong {
    if (timeout.isNegative()) throw invalidRequest("timeout: $timeout is before now; pass zero or more")
    return timeout.inWholeMilliseconds.toULong()
}

@JvmSynthetic
internal fun handleOf(native: NativeJob): JobHandle<*> = when (native.kind()) {
    Kind.DETECT -> DetectHandle(native)
    Kind.MATCH -> MatchHandle(native)
    Kind.ASK -> AskHandle(native)
    Kind.RECOGNIZE -> RecognizeHandle(native)
}

/** Detect jobs that were made before: [ImageIntelligence.detectJobs]. */
public class DetectJobs internal constructor(private val native: NativeClient) {
    /** The job as it is now. Fails with [ImageIntelligenceException.NotFound] where the API does not know it. */
    public suspend fun get(id: String): DetectJob = crossing { (native.job(Kind.DETECT, id, null) as Told.Detect).job }

    /**
     * The jobs that meet every condition that is given, in no promised order; an empty list where there is none.
     *
     * There is no paging: narrow by time. Whether [before] and [after] include their moment is not promised, so let
     * stretches overlap and drop doubles by id.
     *
     * @param customId the name that the job was given
     * @param feedId which camera or source the pictures came from
     * @param before made before this moment
     * @param after made after this moment
     */
    public suspend fun search(
        customId: String? = null,
        feedId: String? = null,
        before: Instant? = null,
        after: Instant? = null,
    ): List<DetectJob> = native.search(Kind.DETECT, customId, feedId, before, after).map { (it as Told.Detect).job }
}

/** Match jobs that were made before: [ImageIntelligence.matchJobs]. */
public class MatchJobs internal constructor(private val native: NativeClient) {
    /** The job as it is now. Fails with [ImageIntelligenceException.NotFound] where the API does not know it. */
    public suspend fun get(id: String): MatchJob = crossing { (native.job(Kind.MATCH, id, null) as Told.Match).job }

    /** The jobs that meet every condition: see [DetectJobs.search]. */
    public suspend fun search(
        customId: String? = null,
        feedId: String? = null,
        before: Instant? = null,
        after: Instant? = null,
    ): List<MatchJob> = native.search(Kind.MATCH, customId, feedId, before, after).map { (it as Told.Match).job }
}

/** Ask jobs that were made before: [ImageIntelligence.askJobs]. */
public class AskJobs internal constructor(private val native: NativeClient) {
    /** The job as it is now. Fails with [ImageIntelligenceException.NotFound] where the API does not know it. */
    public suspend fun get(id: String): AskJob = crossing { (native.job(Kind.ASK, id, null) as Told.Ask).job }

    /** The jobs that meet every condition: see [DetectJobs.search]. */
    public suspend fun search(
        customId: String? = null,
        feedId: String? = null,
        before: Instant? = null,
        after: Instant? = null,
    ): List<AskJob> = native.search(Kind.ASK, customId, feedId, before, after).map { (it as Told.Ask).job }
}

private suspend fun NativeClient.search(
    kind: Kind,
    customId: String?,
    feedId: String?,
    before: Instant?,
    after: Instant?,
): List<Told> = crossing {
    whole("customId", customId)
    whole("feedId", feedId)
    jobs(kind, customId, feedId, before, after, null)
}
