// Many jobs at once, each given when it ends.
package com.imageintelligence

import com.imageintelligence.ffi.Told
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes

/**
 * A job that has ended, or whose wait has.
 *
 * @property job its handle
 * @property result what [JobHandle.wait] would give
 * @property error what [JobHandle.wait] would fail with
 */
public data class Completed<out J>(
    public val job: JobHandle<J>,
    public val result: J?,
    public val error: ImageIntelligenceException?,
) {
    /** Whether there is a result. A job that ended with errors is one. */
    public val ok: Boolean get() = result != null
}

/**
 * Waits for many jobs, and gives each when it ends. They are asked for together, and so with far fewer requests than by a
 * wait for each.
 *
 * ```kotlin
 * val jobs = frames.map { client.detect(listOf(Image.bytes(it)), classes = listOf("person")) }
 * client.asCompleted(jobs).collect { println("${it.job.id}: ${it.result?.classes() ?: it.error?.message}") }
 * ```
 *
 * What goes wrong with one job is said of that one. Ending the collection ends no job.
 *
 * @param timeout how long each is waited for, zero for one look; negative is [ImageIntelligenceException.InvalidRequest]
 */
public fun <J> ImageIntelligence.asCompleted(
    jobs: Iterable<JobHandle<J>>,
    timeout: Duration = 15.minutes,
): Flow<Completed<J>> = completed(timeout) { jobs.toList() }

/**
 * Takes up many jobs again by their resume tokens, whatever their kinds, and gives each when it ends: see [asCompleted].
 *
 * ```kotlin
 * client.track(File("tokens.txt").readLines()).collect { done ->
 *     when (val job = done.result) {
 *         is DetectJob -> println(job.classes())
 *         is MatchJob -> println(job.matched()?.name)
 *         is AskJob -> println(job.yes()?.name)
 *         is RecognizeJob -> println(job.faces().size)
 *         else -> println("${done.job.resumeToken}: ${done.error?.message}")
 *     }
 * }
 * ```
 *
 * Where a token is malformed or of another API, the collection fails with [ImageIntelligenceException.ResumeToken], which
 * says which, before anything is sent.
 */
public fun ImageIntelligence.track(tokens: Iterable<String>, timeout: Duration = 15.minutes): Flow<Completed<*>> =
    completed(timeout) {
        val given = tokens.toList()
        whole("tokens", given)
        native.resumeEach(given).map { handleOf(it) }
    }

private fun <J> ImageIntelligence.completed(
    timeout: Duration,
    begin: () -> List<JobHandle<J>>,
): Flow<Completed<J>> = flow {
    val limit = limit(timeout)
    val jobs = crossing(begin)
    crossing { native.asCompleted(jobs.map { it.native }, limit) }.use { ends ->
        while (true) {
            val ended = crossing { ends.next(null) } ?: break
            val job = jobs[ended.place.toInt()]
            emit(Completed(job, ended.job?.let { told: Told -> job.of(told) }, ended.error?.let { named(it) }))
        }
    }
}
