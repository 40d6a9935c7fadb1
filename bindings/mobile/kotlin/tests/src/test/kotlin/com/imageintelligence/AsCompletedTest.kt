// Many jobs at once, by their handles and by their tokens.
package com.imageintelligence

import com.imageintelligence.models.JobStatus
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Timeout
import java.util.concurrent.CopyOnWriteArraySet
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

@Timeout(60)
class AsCompletedTest {
    private val pictures = listOf(Image.url("https://a.example/a.jpg"))

    /** Four jobs of a server, of which those are done whose numbers are in the set. */
    private fun withJobs(test: suspend (ImageIntelligence, List<DetectHandle>, MutableSet<Int>) -> Unit) {
        val done = CopyOnWriteArraySet<Int>()
        DetectServer { it in done }.use { server ->
            server.client().use { client ->
                runBlocking { test(client, List(4) { client.detect(pictures, listOf("person")) }, done) }
            }
        }
    }

    @Test
    fun `each is given when it ends`() = withJobs { client, jobs, done ->
        val order = listOf(2, 0, 3, 1)
        done += order[0]
        var ended = 0
        val given = client.asCompleted(jobs).onEach { done += order.getOrElse(++ended) { 0 } }.toList()
        assertEquals(order.map { "job-$it" }, given.map { it.job.id })
        for (one in given) {
            assertTrue(one.ok && one.error == null)
            // The type of a result is that of its handle.
            val result: DetectJob = assertNotNull(one.result)
            assertEquals(listOf("person"), result.classes())
            assertTrue(jobs.any { it === one.job })
        }
        assertEquals(emptyList(), client.asCompleted(emptyList<DetectHandle>()).toList())
    }

    @Test
    fun `what goes wrong with one is said of that one`() = withJobs { client, jobs, done ->
        done += setOf(0, 1, 2)
        val given = client.asCompleted(jobs, timeout = 1.seconds).toList()
        val late = given.single { !it.ok }
        assertEquals("job-3", late.job.id)
        assertNull(late.result)
        val error = assertIs<ImageIntelligenceException.WaitTimeout>(late.error)
        assertEquals(JobStatus.InProgress to jobs[3].resumeToken, error.lastStatus to error.resumeToken)
        assertEquals("timeout: -1ms is before now; pass zero or more", refused { client.asCompleted(jobs, (-1).milliseconds).toList() }.message)
        client.close()
        assertIs<ImageIntelligenceException.Closed>(refused { client.asCompleted(jobs).toList() })
    }

    @Test
    fun `those that are left ended when the client is closed`() = withJobs { client, jobs, done ->
        done += 0
        val given = client.asCompleted(jobs).onEach { if (it.ok) client.close() }.toList()
        assertEquals(4, given.size)
        assertTrue(given[0].ok)
        for (one in given.drop(1)) assertIs<ImageIntelligenceException.Closed>(one.error)
    }

    @Test
    fun `tokens of every kind are tracked`() = Service().use { service ->
        service.client().use { client ->
            runBlocking {
                val image = listOf(Image.file(astronaut))
                val tokens = listOf(
                    client.detect(image, listOf("person")),
                    client.match(image, Target("dog", listOf("https://example.com/rex.jpg"))),
                    client.ask(image, "Is it?"),
                    client.recognize(image, "staff"),
                ).map { it.resumeToken }
                val given = client.track(tokens).toList()
                assertEquals(tokens.toSet(), given.map { it.job.resumeToken }.toSet())
                for (one in given) {
                    when (one.job) {
                        is DetectHandle -> assertEquals(listOf("person"), assertIs<DetectJob>(one.result).classes())
                        is MatchHandle -> assertTrue(assertIs<MatchJob>(one.result).isDone)
                        is AskHandle -> assertTrue(assertIs<AskJob>(one.result).isDone)
                        is RecognizeHandle -> assertTrue(assertIs<RecognizeJob>(one.result).isDone)
                    }
                }
                assertTrue(client.track(tokens).first().ok)
            }
        }
    }

    @Test
    fun `a token that is none is refused by its place`() = withJobs { client, jobs, _ ->
        val error = refused { client.track(listOf(jobs[0].resumeToken, "ii1_x")).toList() }
        assertIs<ImageIntelligenceException.ResumeToken>(error)
        assertTrue(error.message.startsWith("tokens[1]: "), error.message)
        assertTrue(refused { client.track(listOf("\ud800")).toList() }.message.startsWith("tokens[0]: "))
    }
}
