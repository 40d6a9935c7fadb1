// Any number of pictures: fed as they are wanted, and what became of each.
package com.imageintelligence

import com.imageintelligence.ffi.HowFar
import com.imageintelligence.ffi.NativeAll
import com.imageintelligence.ffi.NativeItem
import com.imageintelligence.ffi.Next
import com.imageintelligence.ffi.Picture
import com.imageintelligence.ffi.Seen
import com.imageintelligence.ffi.Source
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.launch
import java.util.concurrent.atomic.AtomicReference
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds

/**
 * What became of one picture.
 *
 * @param R what the service says of a picture
 * @property index its place among the pictures, from 0
 * @property source what was passed in: a URL, a path, or `images[i]` for bytes
 * @property customId the name that it was given
 * @property jobId the job that it was in, where there is one
 * @property result what the service says of it; also where it says that it could not look at it
 * @property error why there is no result, or what the result says went wrong
 * @property chosen whether its job names it as the answer: the picture that shows the target, or for which it is yes; of a
 *   detect job, the picture chosen for a class. A job names one picture, so with many pictures a job others may show the same
 */
public data class Item<out R>(
    public val index: Int,
    public val source: String,
    public val customId: String?,
    public val jobId: String?,
    public val result: R?,
    public val error: ImageIntelligenceException?,
    public val chosen: Boolean,
) {
    /** Whether the picture was looked at: then there is a result. */
    public val ok: Boolean get() = error == null && result != null
}

/**
 * How far a run has come, in pictures.
 *
 * @property total how many there are, where that is known beforehand, as of a list
 * @property done those that have a result
 * @property failed those that have an error
 * @property inFlight those that were submitted and have neither yet
 * @property jobs the jobs that were submitted, or taken up again
 * @property elapsed how long the run has lasted
 */
public data class Progress(
    public val total: Int?,
    public val done: Int,
    public val failed: Int,
    public val inFlight: Int,
    public val jobs: Int,
    public val elapsed: Duration,
)

/**
 * The results of any number of pictures, as [ImageIntelligence.detectAll] and its siblings give them: a cold flow.
 *
 * Pictures are read, and jobs are sent, while it is collected, so whoever takes results slowly is sent no more of them than
 * he takes. Each collection begins anew, and sends anew; [stop], [progress] and [inFlight] speak of the latest.
 *
 * Ending a collection, by cancelling it or by `first()`, sends no more. The jobs in flight go on at the service, and
 * [inFlight] has their tokens. What the pictures' own flow throws is thrown after the results of all that it had given.
 */
public class All<out R> internal constructor(
    private val begin: () -> NativeAll,
    private val images: Flow<Image>,
    private val total: Int?,
    private val onProgress: ((Progress) -> Unit)?,
    private val taken: (Seen) -> R,
) : Flow<Item<R>> {
    @Volatile
    private var run: NativeAll? = null

    /** How far it has come. */
    public val progress: Progress
        get() = run?.let { progressOf(it.progress()) } ?: Progress(total, 0, 0, 0, 0, Duration.ZERO)

    /**
     * The resume tokens of the jobs that were submitted and whose results were not all collected, also after a collection
     * that was cancelled: [ImageIntelligence.track] takes them.
     */
    public val inFlight: List<String> get() = run?.inFlight().orEmpty()

    /**
     * Reads and sends no more. What is in flight is still given; what was read and not sent comes as
     * [ImageIntelligenceException.Cancelled].
     */
    public fun stop() {
        run?.stop()
    }

    override suspend fun collect(collector: FlowCollector<Item<R>>): Unit = items.collect(collector)

    private val items: Flow<Item<R>> = flow {
        val run = crossing(begin).also { this@All.run = it }
        try {
            coroutineScope {
                val pictures = Pictures(run)
                val reading = launch { pictures.feed(images) }
                var told: Progress? = null
                while (true) {
                    val next = crossing { run.next(null) }
                    onProgress?.let { tell ->
                        val now = progressOf(run.progress())
                        val counts = now.copy(elapsed = Duration.ZERO)
                        if (counts != told) tell(now)
                        told = counts
                    }
                    when (next) {
                        is Next.Items -> for (item in next.items) emit(itemOf(item, taken))
                        is Next.Want -> pictures.want(next.room.toInt())
                        Next.End -> break
                    }
                }
                reading.cancel()
                pictures.failure.get()?.let { throw it }
            }
        } finally {
            run.leave()
        }
    }

    override fun toString(): String = "All($progress)"
}

/** Pictures on their way into a run. */
private class Pictures(private val run: NativeAll) {
    private val wanted = Channel<Int>(Channel.UNLIMITED)

    /** What the flow of pictures threw. */
    val failure = AtomicReference<Throwable>()

    /** So many more may come. */
    fun want(room: Int) {
        wanted.trySend(room)
    }

    /** Feeds all of them, and none before it is wanted. */
    suspend fun feed(images: Flow<Image>) {
        try {
            var (index, left) = 0 to wanted.receive()
            images.collect { image ->
                run.feed(listOf(pictureOf(image, index++)))
                if (--left == 0) left = wanted.receive()
            }
        } catch (thrown: Throwable) {
            // A cancel of ours, or of theirs.
            currentCoroutineContext().ensureActive()
            failure.set(thrown)
        }
        run.end()
    }

    private fun pictureOf(image: Image, index: Int): Picture =
        try {
            image.toPicture("images[$index]")
        } catch (half: ImageIntelligenceException) {
            Picture(Source.Refused(half.message), null)
        }
}

private fun <R> itemOf(item: NativeItem, taken: (Seen) -> R): Item<R> = Item(
    index = item.index.toInt(),
    source = item.source,
    customId = item.customId,
    jobId = item.jobId,
    result = item.result?.let(taken),
    error = item.error?.let { named(it) },
    chosen = item.chosen,
)

private fun progressOf(now: HowFar): Progress = Progress(
    total = now.total?.toInt(),
    done = now.done.toInt(),
    failed = now.failed.toInt(),
    inFlight = now.inFlight.toInt(),
    jobs = now.jobs.toInt(),
    elapsed = now.elapsedMs.toLong().milliseconds,
)
