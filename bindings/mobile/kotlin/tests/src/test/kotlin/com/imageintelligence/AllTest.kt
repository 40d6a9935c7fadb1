// Any number of pictures: what is read and sent when, what is given in which order, and what is never lost.
package com.imageintelligence

import com.imageintelligence.models.ImageStatus
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.asFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Timeout
import java.io.File
import java.io.IOException
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertIs
import kotlin.test.assertNotEquals
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.milliseconds

@Timeout(120)
class AllTest {
    private val person = listOf("person")

    private fun url(number: Int) = Image.url("https://a.example/$number.jpg")

    /** Pictures without an end, and how many were taken of them. */
    private class Endless(url: (Int) -> Image) {
        val pulled = AtomicInteger()
        val images: Sequence<Image> = generateSequence(0) { it + 1 }.map { url(it) }.onEach { pulled.incrementAndGet() }
    }

    @Test
    fun `every picture has its own result`() = against(DetectServer()) { client ->
        val told = mutableListOf<Progress>()
        val all = client.detectAll(List(150) { url(it) }, person, feedId = "gate", boundingBoxes = true, onProgress = { told += it })
        assertEquals(Progress(150, 0, 0, 0, 0, 0.milliseconds), all.progress)
        assertEquals(0, jobs.size)
        val items = all.toList().sortedBy { it.index }
        assertEquals((0 until 150).toList(), items.map { it.index })
        for ((index, item) in items.withIndex()) {
            assertTrue(item.ok && item.error == null && !item.chosen, "$item")
            assertEquals("https://a.example/$index.jpg" to items[index / 64 * 64].jobId, item.source to item.jobId)
            // The type of a result is that of its kind.
            val result: DetectImageResult = assertNotNull(item.result)
            assertEquals(listOf("person"), result.classes())
            assertEquals(index, result.image.input?.index)
        }
        assertEquals(listOf(22, 64, 64), sizes.sorted())
        assertEquals(3, items.map { it.jobId }.toSet().size)
        for (job in jobs) assertEquals("gate" to "true", job.text("feedId") to job.text("boundingBox"))
        assertEquals(listOf(150, 0, 0, 3), told.last().run { listOf(done, failed, inFlight, jobs) })
        assertTrue(told.any { it.inFlight > 0 }, "$told")
        assertEquals(told.map { listOf(it.done, it.failed, it.inFlight, it.jobs) }.distinct().size, told.size, "told twice: $told")
        assertTrue(told.all { it.total == 150 } && all.progress.done == 150)
        assertEquals(emptyList(), all.inFlight)
        // Cold: it begins anew.
        assertEquals(150, all.toList().size)
        assertEquals(6, jobs.size)
    }

    @Test
    fun `pictures are read as results are collected`() = against(DetectServer()) { client ->
        val endless = Endless(::url)
        val all = client.detectAll(endless.images, person, batchSize = 10, concurrency = 4)
        assertEquals(0, endless.pulled.get())
        var taken = 0
        all.take(200).collect {
            if (++taken == 1) {
                // However long it takes until the next is taken, no more is read or sent than there is room for.
                var before = -1
                while (endless.pulled.get() != before) {
                    before = endless.pulled.get()
                    delay(50.milliseconds)
                }
                assertTrue(jobs.size in 1..4, "${jobs.size} jobs")
            }
            val most = taken + 4 * 10 + 1
            assertTrue(endless.pulled.get() <= most, "${endless.pulled.get()} read, $taken taken")
        }
        assertEquals(200, taken)
        assertNull(all.progress.total)
        assertTrue(jobs.size <= 24, "${jobs.size} jobs")
    }

    @Test
    fun `a flow that is slow holds no result up`() = against(DetectServer()) { client ->
        val gone = AtomicBoolean()
        val camera = flow {
            try {
                emit(url(0))
                emit(url(1))
                awaitCancellation()
            } finally {
                gone.set(true)
            }
        }
        val items = client.detectAll(camera, person).take(2).toList()
        assertEquals(setOf(0, 1), items.filter { it.ok }.map { it.index }.toSet())
        assertTrue(gone.get())
        assertEquals(listOf(2), sizes)
    }

    @Test
    fun `results come in order where they are wanted so`() {
        // The first job is done last.
        val looks = AtomicInteger()
        against(DetectServer { it > 0 || looks.incrementAndGet() > 3 }) { client ->
            val images = List(40) { if (it % 7 == 3) Image.url("nonsense") else url(it) }
            suspend fun given(ordered: Boolean) = client.detectAll(images.asFlow(), person, batchSize = 8, concurrency = 3, ordered = ordered).map { it.index }.toList()
            assertEquals((0 until 40).toList(), given(ordered = true))
            val asTheyCome = given(ordered = false)
            assertNotEquals((0 until 40).toList(), asTheyCome)
            assertEquals((0 until 40).toList(), asTheyCome.sorted())
        }
    }

    @Test
    fun `what is wrong with one picture is said of that one`() = against(DetectServer()) { client ->
        val images = listOf(
            url(0),
            Image.url("astronaut.jpg"),
            Image.file("nowhere/cat.jpg"),
            Image.url("https://a.example/cobwebs").customId("cobwebs"),
            Image.url("https://a.example/\ud800.jpg"),
            url(5).customId("x".repeat(65)),
            Image.bytes(ByteArray(0)),
            url(7).customId("mine"),
        )
        val items = client.detectAll(images, listOf(DetectClass("person"))).toList().sortedBy { it.index }
        val errors = items.map { it.error?.message }
        assertEquals(listOf(true, false, false, false, false, false, false, true), items.map { it.ok }, "$errors")
        assertEquals("images[1].url: \"astronaut.jpg\" is not a URL; for a file pass Image.file(\"astronaut.jpg\")", errors[1])
        assertIs<ImageIntelligenceException.InvalidRequest>(items[1].error)
        assertTrue("nowhere/cat.jpg" in errors[2].orEmpty() && items[2].source == "nowhere/cat.jpg", errors[2])
        // The service has spoken of it, and says that it could not look.
        assertEquals("cobwebs" to ImageStatus.SpiderwebsError, items[3].customId to items[3].result?.status)
        assertEquals("job-0", items[3].jobId)
        assertTrue("images[4].url" in errors[4].orEmpty() && "lone surrogate" in errors[4].orEmpty(), errors[4])
        assertEquals("images[4]" to "images[6]", items[4].source to items[6].source)
        assertTrue("images[5].customId" in errors[5].orEmpty(), errors[5])
        assertEquals("mine", items[7].customId)
        assertEquals(listOf(3), sizes)
    }

    @Test
    fun `what is cancelled sends no more, and what is in flight is not lost`() {
        val over = AtomicBoolean()
        against(DetectServer { over.get() }) { client ->
            val endless = Endless(::url)
            val all = client.detectAll(endless.images, person, batchSize = 2, concurrency = 3)
            val collecting = launch(Dispatchers.Default) { all.collect { } }
            withContext(Dispatchers.IO) { await(jobs = 3) }
            collecting.cancelAndJoin()
            // The answers to submits may still be on their way; they are awaited.
            while (all.inFlight.size < 3) delay(10.milliseconds)
            val pulled = endless.pulled.get()
            over.set(true)
            val done = client.track(all.inFlight).toList()
            assertEquals(setOf("job-0", "job-1", "job-2"), done.map { it.job.id }.toSet())
            for (job in done) assertEquals(2, assertIs<DetectJob>(job.result).imageResults.size)
            assertEquals(3 to pulled, jobs.size to endless.pulled.get())
            // By the first result, too: that of the second was not collected.
            val two = client.detectAll(listOf(url(0), url(1)), person)
            assertTrue(two.first().ok)
            assertEquals(4 to 1, jobs.size to two.inFlight.size)
            assertEquals("job-3", client.track(two.inFlight).first().job.id)
        }
    }

    @Test
    fun `what is stopped still gives what is in flight`() {
        val over = AtomicBoolean()
        against(DetectServer { over.get() }) { client ->
            val endless = Endless(::url)
            val all = client.detectAll(endless.images, person, batchSize = 2, concurrency = 3)
            all.stop()
            val items = mutableListOf<Item<DetectImageResult>>()
            val collecting = launch(Dispatchers.Default) { all.collect { items += it } }
            withContext(Dispatchers.IO) { await(jobs = 3) }
            while (all.progress.inFlight < 6) delay(10.milliseconds)
            all.stop()
            over.set(true)
            collecting.join()
            assertEquals(6, items.count { it.ok })
            for (item in items.filterNot { it.ok }) assertIs<ImageIntelligenceException.Cancelled>(item.error)
            assertEquals(endless.pulled.get(), items.size)
            assertEquals(3, jobs.size)
        }
    }

    @Test
    fun `what the flow of pictures throws comes after the results`() = against(DetectServer()) { client ->
        suspend fun given(last: suspend () -> Image): Pair<List<Item<*>>, Throwable?> {
            val images: Flow<Image> = flow {
                emit(url(0))
                emit(url(1))
                emit(last())
            }
            val items = mutableListOf<Item<*>>()
            return items to runCatching { client.detectAll(images, person).collect { items += it } }.exceptionOrNull()
        }
        val (items, thrown) = given { throw IOException("the card was pulled out") }
        assertEquals(2, items.count { it.ok })
        assertEquals("the card was pulled out", assertIs<IOException>(thrown).message)
        val (before, late) = given { withTimeout(1.milliseconds) { awaitCancellation() } }
        assertEquals(2, before.count { it.ok })
        assertIs<TimeoutCancellationException>(late)
        // What the collector throws is thrown at once.
        assertFailsWith<NoSuchElementException> { client.detectAll(Endless(::url).images, person).collect { throw NoSuchElementException() } }
    }

    @Test
    fun `what is wrong with the run is said before anything is sent`() = against(DetectServer()) { client ->
        val one = listOf(url(0))
        suspend fun refusal(all: All<*>) = refused { all.toList() }
        assertEquals("batch size: 65 given, 1 to 64 wanted", refusal(client.detectAll(one, person, batchSize = 65)).message)
        assertEquals("config", refusal(client.detectAll(one, person, batchSize = -1)).kind)
        assertEquals("config", refusal(client.detectAll(one, person, concurrency = 0)).kind)
        assertIs<ImageIntelligenceException.InvalidRequest>(refusal(client.detectAll(one, person, timeout = (-1).milliseconds)))
        assertIs<ImageIntelligenceException.InvalidRequest>(refusal(client.askAll(one, question = "?".repeat(257))))
        assertTrue("namespace" in refusal(client.recognizeAll(one, namespace = "n".repeat(129))).message)
        for ((all, field) in listOf(
            client.detectAll(one, listOf("a", "\ud800")) to "classes[1]",
            client.matchAll(one, Target("dog", listOf("\ud800"))) to "target.images[0]",
            client.askAll(one, "Is it?", feedId = "\ud800") to "feedId",
            client.recognizeAll(one, "\ud800") to "namespace",
        )) assertEquals(field, refusal(all).message.substringBefore(':'))
        assertEquals(0, jobs.size)
        assertEquals(emptyList(), client.detectAll(emptyList<Image>(), person).toList())
        client.close()
        assertIs<ImageIntelligenceException.Closed>(refusal(client.detectAll(one, person)))
    }

    @Test
    fun `three hundred pictures, against the real server`() = Service().use { service ->
        val there = listOf(7, 77, 137, 201, 299)
        val rules = there.map { """{"kind": "match", "image": "photo $it", "matches": true}""" } + """{"kind": "match", "image": "*", "matches": false}"""
        service.answers("$rules")
        val rex = Target("dog", images = listOf("https://example.com/rex.jpg"))
        val photos = File(root, "examples/photos").walk().filter { it.extension == "jpg" }.sorted().toList()
        service.client().use { client ->
            val images = (0 until 300).asSequence().map { Image.file(photos[it % photos.size]).customId("photo $it") }
            runBlocking {
                val items = client.matchAll(images, target = rex, ordered = true).toList()
                assertEquals((0 until 300).toList(), items.map { it.index })
                for (item in items) {
                    assertTrue(item.ok, "$item")
                    assertEquals("photo ${item.index}" to photos[item.index % photos.size].path, item.customId to item.source)
                    val result: ImageResult = assertNotNull(item.result)
                    assertEquals("photo ${item.index}", result.customId)
                }
                assertEquals(there, items.filter { it.chosen }.map { it.index })
                assertEquals(5, items.map { it.jobId }.toSet().size)
                assertEquals(5, client.matchJobs.search().size)
            }
        }
    }

    @Test
    fun `each kind has its own results`() = Service().use { service ->
        service.answers(
            """[{"kind": "ask", "image": "b", "answer": "yes"}, {"kind": "ask", "image": "*", "answer": "no"},
            {"kind": "recognize", "image": "b", "faces": [{"confidence": 0.8}]}]""",
        )
        service.client().use { client ->
            runBlocking {
                val bytes = astronaut.readBytes()
                val images = listOf("a", "b", "c").map { Image.bytes(bytes).customId(it) }
                val examples = Examples(yes = listOf("https://example.com/open.jpg"))
                val asked = client.askAll(images.asFlow(), question = "Is it open?", examples = examples, batchSize = 1, ordered = true).toList()
                assertContentEquals(listOf(false, true, false), asked.map { it.chosen })
                assertEquals(3, asked.map { it.jobId }.toSet().size)
                val told: ImageResult = assertNotNull(asked[1].result)
                assertEquals("b" to "images[1]", told.customId to asked[1].source)
                val recognized = client.recognizeAll(images.asSequence(), namespace = "staff", ordered = true).toList()
                val faces: List<Face> = assertNotNull(recognized[1].result).objects
                assertEquals(0.8, faces.single().confidence)
                val detected = client.detectAll(images, person, ordered = true).toList()
                assertEquals(List(3) { "person" }, detected.map { it.result?.classes()?.single() })
                assertEquals(listOf(3, 1, 1), listOf(client.askJobs.search(), client.recognition("staff").jobs.search(), client.detectJobs.search()).map { it.size })
            }
        }
    }

    private fun against(server: DetectServer, test: suspend RunScope.(ImageIntelligence) -> Unit) = server.use {
        server.client().use { client -> runBlocking { RunScope(server, this).test(client) } }
    }

    private class RunScope(private val server: DetectServer, scope: CoroutineScope) : CoroutineScope by scope {
        val jobs get() = server.jobs
        val sizes get() = server.sizes

        fun await(jobs: Int) = server.await(jobs)
    }
}
