// Where a run over any number of pictures begins: of a flow of them, of a list or the like, or of a sequence.
package com.imageintelligence

import com.imageintelligence.ffi.Asked
import com.imageintelligence.ffi.RunOptions
import com.imageintelligence.ffi.Seen
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.asFlow
import java.nio.file.Path
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes

/**
 * Asks which classes of objects are in any number of pictures: in as many jobs as it takes, a few of which are in flight at a
 * time.
 *
 * ```kotlin
 * val photos = File("cameras").walk().filter { it.extension == "jpg" }.map { Image.file(it) }
 * client.detectAll(photos, classes = listOf("person"), onProgress = ::println).collect { item ->
 *     println("${item.source}: ${if (item.ok) item.result?.classes() else item.error?.message}")
 * }
 * ```
 *
 * Pictures are read while results are collected, each file when its turn comes. What goes wrong with one picture, or with one
 * job, is the [Item.error] of these pictures; the others go on. After an error that every further job would meet, such as
 * wrong credentials, no more is sent. Nothing begins before it is collected; then a setting that is wrong is
 * [ImageIntelligenceException.Config].
 *
 * @param images a flow, a list or the like, or a sequence; each is read in the context of the collector
 * @param feedId which camera or source the pictures came from, at most 64 characters
 * @param webhookUrl where the service posts each finished job
 * @param boundingBoxes asks where in the picture each object is; a server may leave that out
 * @param batchSize how many pictures a job has at most, 1 to 64; it has fewer where they are large, or come slowly
 * @param concurrency how many jobs are in flight at most, 1 to 1000; those count whose results are not all collected
 * @param ordered gives results in the order of the pictures, and not as they come; one slow job then holds the others up
 * @param timeout how long each job is waited for
 * @param manifest a file to write down in what was sent. Where it is there already, the run goes on from it: with the same
 *   pictures and settings no picture is sent twice, and every result is given, those of the first run too
 * @param onProgress is told whenever the run has come further, by the collector
 */
public fun ImageIntelligence.detectAll(
    images: Flow<Image>,
    classes: List<String>,
    feedId: String? = null,
    webhookUrl: String? = null,
    boundingBoxes: Boolean = false,
    batchSize: Int = 64,
    concurrency: Int = 8,
    ordered: Boolean = false,
    timeout: Duration = 15.minutes,
    manifest: Path? = null,
    onProgress: ((Progress) -> Unit)? = null,
): All<DetectImageResult> {
    val settings = Settings(feedId, webhookUrl, batchSize, concurrency, ordered, timeout, manifest, onProgress)
    return all(Asked.Detect(classes.map { DetectClass(it) }, boundingBoxes), images, null, settings, DETECTED)
}

/** The same, with classes that have settings. */
@JvmName("detectAllClasses")
public fun ImageIntelligence.detectAll(
    images: Flow<Image>,
    classes: List<DetectClass>,
    feedId: String? = null,
    webhookUrl: String? = null,
    boundingBoxes: Boolean = false,
    batchSize: Int = 64,
    concurrency: Int = 8,
    ordered: Boolean = false,
    timeout: Duration = 15.minutes,
    manifest: Path? = null,
    onProgress: ((Progress) -> Unit)? = null,
): All<DetectImageResult> {
    val settings = Settings(feedId, webhookUrl, batchSize, concurrency, ordered, timeout, manifest, onProgress)
    return all(Asked.Detect(classes, boundingBoxes), images, null, settings, DETECTED)
}

/** The same of a list or the like; of a collection it is known how many there are. */
public fun ImageIntelligence.detectAll(
    images: Iterable<Image>,
    classes: List<String>,
    feedId: String? = null,
    webhookUrl: String? = null,
    boundingBoxes: Boolean = false,
    batchSize: Int = 64,
    concurrency: Int = 8,
    ordered: Boolean = false,
    timeout: Duration = 15.minutes,
    manifest: Path? = null,
    onProgress: ((Progress) -> Unit)? = null,
): All<DetectImageResult> {
    val settings = Settings(feedId, webhookUrl, batchSize, concurrency, ordered, timeout, manifest, onProgress)
    return all(Asked.Detect(classes.map { DetectClass(it) }, boundingBoxes), images.asFlow(), (images as? Collection)?.size, settings, DETECTED)
}

/** The same, with classes that have settings. */
@JvmName("detectAllClasses")
public fun ImageIntelligence.detectAll(
    images: Iterable<Image>,
    classes: List<DetectClass>,
    feedId: String? = null,
    webhookUrl: String? = null,
    boundingBoxes: Boolean = false,
    batchSize: Int = 64,
    concurrency: Int = 8,
    ordered: Boolean = false,
    timeout: Duration = 15.minutes,
    manifest: Path? = null,
    onProgress: ((Progress) -> Unit)? = null,
): All<DetectImageResult> {
    val settings = Settings(feedId, webhookUrl, batchSize, concurrency, ordered, timeout, manifest, onProgress)
    return all(Asked.Detect(classes, boundingBoxes), images.asFlow(), (images as? Collection)?.size, settings, DETECTED)
}

/** The same of a sequence. */
public fun ImageIntelligence.detectAll(
    images: Sequence<Image>,
    classes: List<String>,
    feedId: String? = null,
    webhookUrl: String? = null,
    boundingBoxes: Boolean = false,
    batchSize: Int = 64,
    concurrency: Int = 8,
    ordered: Boolean = false,
    timeout: Duration = 15.minutes,
    manifest: Path? = null,
    onProgress: ((Progress) -> Unit)? = null,
): All<DetectImageResult> {
    val settings = Settings(feedId, webhookUrl, batchSize, concurrency, ordered, timeout, manifest, onProgress)
    return all(Asked.Detect(classes.map { DetectClass(it) }, boundingBoxes), images.asFlow(), null, settings, DETECTED)
}

/** The same, with classes that have settings. */
@JvmName("detectAllClasses")
public fun ImageIntelligence.detectAll(
    images: Sequence<Image>,
    classes: List<DetectClass>,
    feedId: String? = null,
    webhookUrl: String? = null,
    boundingBoxes: Boolean = false,
    batchSize: Int = 64,
    concurrency: Int = 8,
    ordered: Boolean = false,
    timeout: Duration = 15.minutes,
    manifest: Path? = null,
    onProgress: ((Progress) -> Unit)? = null,
): All<DetectImageResult> {
    val settings = Settings(feedId, webhookUrl, batchSize, concurrency, ordered, timeout, manifest, onProgress)
    return all(Asked.Detect(classes, boundingBoxes), images.asFlow(), null, settings, DETECTED)
}

/**
 * Asks which of any number of pictures show a target: see [detectAll]. Each job names one picture that does, and its item is
 * [Item.chosen].
 */
public fun ImageIntelligence.matchAll(
    images: Flow<Image>,
    target: Target,
    feedId: String? = null,
    webhookUrl: String? = null,
    batchSize: Int = 64,
    concurrency: Int = 8,
    ordered: Boolean = false,
    timeout: Duration = 15.minutes,
    manifest: Path? = null,
    onProgress: ((Progress) -> Unit)? = null,
): All<ImageResult> {
    val settings = Settings(feedId, webhookUrl, batchSize, concurrency, ordered, timeout, manifest, onProgress)
    return all(Asked.Match(target), images, null, settings, JUDGED)
}

/** The same of a list or the like; of a collection it is known how many there are. */
public fun ImageIntelligence.matchAll(
    images: Iterable<Image>,
    target: Target,
    feedId: String? = null,
    webhookUrl: String? = null,
    batchSize: Int = 64,
    concurrency: Int = 8,
    ordered: Boolean = false,
    timeout: Duration = 15.minutes,
    manifest: Path? = null,
    onProgress: ((Progress) -> Unit)? = null,
): All<ImageResult> {
    val settings = Settings(feedId, webhookUrl, batchSize, concurrency, ordered, timeout, manifest, onProgress)
    return all(Asked.Match(target), images.asFlow(), (images as? Collection)?.size, settings, JUDGED)
}

/** The same of a sequence. */
public fun ImageIntelligence.matchAll(
    images: Sequence<Image>,
    target: Target,
    feedId: String? = null,
    webhookUrl: String? = null,
    batchSize: Int = 64,
    concurrency: Int = 8,
    ordered: Boolean = false,
    timeout: Duration = 15.minutes,
    manifest: Path? = null,
    onProgress: ((Progress) -> Unit)? = null,
): All<ImageResult> {
    val settings = Settings(feedId, webhookUrl, batchSize, concurrency, ordered, timeout, manifest, onProgress)
    return all(Asked.Match(target), images.asFlow(), null, settings, JUDGED)
}

/**
 * Asks a question about any number of pictures: see [detectAll]. Each job names one picture for which it is yes, and its item
 * is [Item.chosen]; with a [batchSize] of 1 each picture is asked about alone.
 */
public fun ImageIntelligence.askAll(
    images: Flow<Image>,
    question: String,
    examples: Examples? = null,
    feedId: String? = null,
    webhookUrl: String? = null,
    batchSize: Int = 64,
    concurrency: Int = 8,
    ordered: Boolean = false,
    timeout: Duration = 15.minutes,
    manifest: Path? = null,
    onProgress: ((Progress) -> Unit)? = null,
): All<ImageResult> {
    val settings = Settings(feedId, webhookUrl, batchSize, concurrency, ordered, timeout, manifest, onProgress)
    return all(Asked.Ask(question, examples), images, null, settings, JUDGED)
}

/** The same of a list or the like; of a collection it is known how many there are. */
public fun ImageIntelligence.askAll(
    images: Iterable<Image>,
    question: String,
    examples: Examples? = null,
    feedId: String? = null,
    webhookUrl: String? = null,
    batchSize: Int = 64,
    concurrency: Int = 8,
    ordered: Boolean = false,
    timeout: Duration = 15.minutes,
    manifest: Path? = null,
    onProgress: ((Progress) -> Unit)? = null,
): All<ImageResult> {
    val settings = Settings(feedId, webhookUrl, batchSize, concurrency, ordered, timeout, manifest, onProgress)
    return all(Asked.Ask(question, examples), images.asFlow(), (images as? Collection)?.size, settings, JUDGED)
}

/** The same of a sequence. */
public fun ImageIntelligence.askAll(
    images: Sequence<Image>,
    question: String,
    examples: Examples? = null,
    feedId: String? = null,
    webhookUrl: String? = null,
    batchSize: Int = 64,
    concurrency: Int = 8,
    ordered: Boolean = false,
    timeout: Duration = 15.minutes,
    manifest: Path? = null,
    onProgress: ((Progress) -> Unit)? = null,
): All<ImageResult> {
    val settings = Settings(feedId, webhookUrl, batchSize, concurrency, ordered, timeout, manifest, onProgress)
    return all(Asked.Ask(question, examples), images.asFlow(), null, settings, JUDGED)
}

/** Looks for faces in any number of pictures, and for whose they are in a namespace: see [detectAll]. */
public fun ImageIntelligence.recognizeAll(
    images: Flow<Image>,
    namespace: String,
    feedId: String? = null,
    webhookUrl: String? = null,
    batchSize: Int = 64,
    concurrency: Int = 8,
    ordered: Boolean = false,
    timeout: Duration = 15.minutes,
    manifest: Path? = null,
    onProgress: ((Progress) -> Unit)? = null,
): All<RecognizedImage> {
    val settings = Settings(feedId, webhookUrl, batchSize, concurrency, ordered, timeout, manifest, onProgress)
    return all(Asked.Recognize(namespace), images, null, settings, RECOGNIZED)
}

/** The same of a list or the like; of a collection it is known how many there are. */
public fun ImageIntelligence.recognizeAll(
    images: Iterable<Image>,
    namespace: String,
    feedId: String? = null,
    webhookUrl: String? = null,
    batchSize: Int = 64,
    concurrency: Int = 8,
    ordered: Boolean = false,
    timeout: Duration = 15.minutes,
    manifest: Path? = null,
    onProgress: ((Progress) -> Unit)? = null,
): All<RecognizedImage> {
    val settings = Settings(feedId, webhookUrl, batchSize, concurrency, ordered, timeout, manifest, onProgress)
    return all(Asked.Recognize(namespace), images.asFlow(), (images as? Collection)?.size, settings, RECOGNIZED)
}

/** The same of a sequence. */
public fun ImageIntelligence.recognizeAll(
    images: Sequence<Image>,
    namespace: String,
    feedId: String? = null,
    webhookUrl: String? = null,
    batchSize: Int = 64,
    concurrency: Int = 8,
    ordered: Boolean = false,
    timeout: Duration = 15.minutes,
    manifest: Path? = null,
    onProgress: ((Progress) -> Unit)? = null,
): All<RecognizedImage> {
    val settings = Settings(feedId, webhookUrl, batchSize, concurrency, ordered, timeout, manifest, onProgress)
    return all(Asked.Recognize(namespace), images.asFlow(), null, settings, RECOGNIZED)
}

private val DETECTED = { seen: Seen -> (seen as Seen.Detect).image }
private val JUDGED = { seen: Seen -> (seen as Seen.Judged).image }
private val RECOGNIZED = { seen: Seen -> (seen as Seen.Recognized).image }

/** How a run goes. */
private class Settings(
    val feedId: String?,
    val webhookUrl: String?,
    val batchSize: Int,
    val concurrency: Int,
    val ordered: Boolean,
    val timeout: Duration,
    val manifest: Path?,
    val onProgress: ((Progress) -> Unit)?,
)

private fun <R> ImageIntelligence.all(asked: Asked, images: Flow<Image>, total: Int?, how: Settings, taken: (Seen) -> R): All<R> {
    // What is below none is as wrong as none, and core says so.
    val count = { number: Int -> number.coerceAtLeast(0).toULong() }
    val begin = {
        whole(asked)
        whole("feedId", how.feedId)
        whole("webhookUrl", how.webhookUrl)
        whole("manifest", how.manifest?.toString())
        val options = RunOptions(
            feedId = how.feedId,
            webhookUrl = how.webhookUrl,
            batchSize = count(how.batchSize),
            concurrency = count(how.concurrency),
            ordered = how.ordered,
            waitMs = limit(how.timeout),
            manifest = how.manifest?.toString(),
            total = total?.let(count),
        )
        native.all(asked, options)
    }
    return All(begin, images, total, how.onProgress, taken)
}
