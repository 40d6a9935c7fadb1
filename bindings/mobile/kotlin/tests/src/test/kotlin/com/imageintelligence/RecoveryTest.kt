// What is known after a process has ended: by the manifest of a run, and by the journal of a client.
package com.imageintelligence

import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertTrue

@Timeout(60)
class RecoveryTest {
    @TempDir
    lateinit var folder: Path

    private val pictures = List(20) { Image.url("https://a.example/$it.jpg") }

    @Test
    fun `a run goes on where its manifest ends, and sends nothing twice`() = DetectServer().use { server ->
        val manifest = folder.resolve("run.json")
        server.client().use { client ->
            runBlocking {
                val run = client.detectAll(pictures, listOf("person"), batchSize = 4, concurrency = 2, manifest = manifest)
                assertEquals(5, run.take(5).toList().size)
                val sent = server.jobs.size
                assertTrue(sent in 2..4, "$sent jobs")
                val items = run.toList()
                assertEquals((0 until 20).toList(), items.map { it.index }.sorted())
                assertTrue(items.all { it.ok && it.result?.classes() == listOf("person") }, "$items")
                assertEquals(20, server.sizes.sum())
                val urls = server.jobs.flatMap { job -> DetectServer.pictures(job).map { it.text("url") } }
                assertEquals(20, urls.toSet().size)
                // All of it is known by now.
                assertEquals(20, run.toList().count { it.ok })
                assertEquals(20, server.sizes.sum())
            }
        }
    }

    @Test
    fun `a journal knows what became of a submit`() = DetectServer().use { server ->
        val journal = folder.resolve("submits.jsonl")
        fun client() = ImageIntelligence("local", "local", server.baseUrl, journal = journal)
        val token = client().use { client ->
            runBlocking {
                assertEquals(emptyList(), client.recover())
                assertIs<ImageIntelligenceException.Store>(refused { client() })
                client.detect(pictures, listOf("person"), customId = "door 7").resumeToken
            }
        }
        client().use { client ->
            runBlocking {
                val submit = client.recover().single()
                assertEquals(Kind.DETECT to SubmitOutcome.ACCEPTED, submit.kind to submit.outcome)
                assertEquals(listOf("door 7", 20, token, null), listOf(submit.customId, submit.images, submit.resumeToken, submit.message))
                assertTrue(client.resume<DetectHandle>(submit.resumeToken!!).wait().isDone)
                client.forget(submit)
                assertEquals(emptyList(), client.recover())
                assertEquals("invalid_request", refused { client.forget(submit.copy(rid = "x")) }.kind)
            }
        }
        server.client().use { client -> assertEquals("config", runBlocking { refused { client.recover() } }.kind) }
    }

    @Test
    fun `a rate that is none is refused`() {
        for (rate in listOf(0.0, -1.0, Double.NaN, Double.POSITIVE_INFINITY)) {
            val error = refused { ImageIntelligence("local", "local", "http://127.0.0.1:1", requestsPerSecond = rate) }
            assertIs<ImageIntelligenceException.Config>(error)
            assertTrue(error.message.startsWith("requestsPerSecond: "), error.message)
        }
        ImageIntelligence("local", "local", "http://127.0.0.1:1", requestsPerSecond = 20.0).close()
    }
}
