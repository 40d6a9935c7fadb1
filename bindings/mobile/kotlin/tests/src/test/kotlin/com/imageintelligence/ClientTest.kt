// The client against the real server, and against servers that misbehave.
package com.imageintelligence

import com.imageintelligence.models.ImageStatus
import com.imageintelligence.models.JobStatus
import com.imageintelligence.models.Verify
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield
import java.net.ServerSocket
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertNotNull
import kotlin.test.assertTrue
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource

class ClientTest {
    @Test
    fun `the person in the photo is found`() = withService { client ->
        val images = listOf(Image.file(astronaut).customId("mine"), Image.bytes(astronaut.readBytes()))
        val classes = listOf(DetectClass("person"), DetectClass("car", verify = Verify.Never))
        val job = client.detect(images, classes, customId = "a job", feedId = "Camera_7", boundingBoxes = true)
        assertEquals("a job", job.customId)
        assertTrue(job.resumeToken.startsWith("ii1_"))

        val result = job.wait(timeout = 60.seconds)
        assertTrue(result.isDone)
        assertEquals(JobStatus.CompletedSuccessfully, result.status)
        assertEquals("COMPLETED_SUCCESSFULLY", result.status.toString())
        assertEquals("Camera_7", result.feedId)
        assertEquals(job.createdAt, result.createdAt)
        val hits = result.found("person")
        assertEquals(2, hits.size)
        for (hit in hits) {
            assertEquals(0.73, hit.confidence, 0.01)
            assertEquals(363.0, assertNotNull(hit.boundingBox).xMax, 4.0)
        }
        assertEquals(setOf(0, 1), hits.map { it.image.input?.index }.toSet())
        assertEquals(setOf("mine", "images[1]"), hits.map { it.image.name }.toSet())
        assertEquals(listOf("person"), result.classes())
        assertEquals(result, client.resume<DetectHandle>(job.resumeToken).get().copy(imageResults = result.imageResults, jobResults = result.jobResults))
        assertEquals(job.id, client.detectJobs.get(job.id).id)
    }

    @Test
    fun `a bad picture is a result`() = withService { client ->
        val job = client.detect(listOf(Image.bytes("no picture".toByteArray()), Image.file(astronaut)), listOf("person"))
        val result = job.wait(60.seconds)
        assertEquals(JobStatus.CompletedPartialError, result.status)
        val failed = result.errors().single()
        assertEquals(ImageStatus.InvalidImageFormatError, failed.status)
        assertEquals("images[0]", failed.image.name)
        assertTrue("viewer" in assertNotNull(failed.status.advice))
    }

    @Test
    fun `an exclusion zone hides what lies in it`() = withService { client ->
        val everywhere = ExclusionZones(rows = listOf(listOf(1)), size = 16)
        val job = client.detect(listOf(Image.file(astronaut)), listOf(DetectClass("person", exclusionZones = everywhere)))
        assertEquals(emptyList(), job.wait(60.seconds).found("person"))
        val ragged = ExclusionZones(rows = listOf(listOf(1, 0), listOf(1)))
        assertIs<ImageIntelligenceException.InvalidRequest>(
            refused { client.detect(listOf(Image.file(astronaut)), listOf(DetectClass("person", exclusionZones = ragged))) },
        )
    }

    @Test
    fun `a file's name is no URL, and the error says how to pass it`() = withService { client ->
        val error = refused { client.detect(listOf(Image.url("astronaut.jpg")), listOf("person")) }
        assertIs<ImageIntelligenceException.InvalidRequest>(error)
        assertEquals("images[0].url: \"astronaut.jpg\" is not a URL; for a file pass Image.file(\"astronaut.jpg\")", error.message)
    }

    @Test
    fun `a wait that runs out says how to go on`() = withService("--progression", "never") { client ->
        val job = client.detect(listOf(Image.file(astronaut)), listOf("person"))
        val error = refused { job.wait(10.milliseconds) }
        assertIs<ImageIntelligenceException.WaitTimeout>(error)
        assertTrue(error.retryable)
        assertEquals(JobStatus.InProgress, error.lastStatus)
        assertEquals(job.resumeToken, error.resumeToken)
        assertEquals(job.id, client.resume(error.resumeToken!!).id)
        // A wait without an end, ended by its coroutine.
        assertFailsWith<TimeoutCancellationException> { withTimeout(50) { job.wait() } }
    }

    @Test
    fun `an error brings all that the server said`() {
        Scripted { exchange ->
            exchange.responseHeaders.add("X-Request-Id", "req-7")
            exchange.answer("""{"message": "no such job"}""".toByteArray(), 404)
        }.use { server ->
            server.client().use { client ->
                val error = refused { runBlocking { client.detectJobs.get("f9d73f87") } }
                assertIs<ImageIntelligenceException.NotFound>(error)
                assertEquals(404, error.status)
                assertEquals("req-7", error.requestId)
                assertEquals("""{"message": "no such job"}""", error.body?.decodeToString())
                assertFalse(error.retryable)
            }
        }
    }

    @Test
    fun `used after close is an error of its own, and calls under way end`() = withService("--progression", "never") { client ->
        val job = client.detect(listOf(Image.file(astronaut)), listOf("person"))
        val waiting = async { runCatching { job.wait() }.exceptionOrNull() }
        // One thread serves both coroutines, so the wait has got to where it suspends.
        yield()
        client.close()
        assertIs<ImageIntelligenceException.Closed>(waiting.await())
        assertIs<ImageIntelligenceException.Closed>(refused { client.detectJobs.get("1") })
        assertIs<ImageIntelligenceException.Closed>(refused { client.resume(job.resumeToken) })
        assertIs<ImageIntelligenceException.Closed>(refused { job.get() })
        assertIs<ImageIntelligenceException.Closed>(refused { job.wait() })
        assertEquals("ImageIntelligence(closed)", client.toString())
        client.close()
    }

    @Test
    fun `a cancelled coroutine closes its connection`() {
        val reached = CountDownLatch(1)
        val hungUp = CountDownLatch(1)
        ServerSocket(0).use { server ->
            thread(isDaemon = true) {
                // Nobody answers: the request for a token hangs until the client lets go.
                server.accept().use { socket ->
                    val input = socket.getInputStream()
                    check(input.read() >= 0)
                    reached.countDown()
                    while (input.read() >= 0) Unit
                    hungUp.countDown()
                }
            }
            ImageIntelligence("local", "local", "http://127.0.0.1:${server.localPort}").use { client ->
                runBlocking {
                    val call = launch { client.detectJobs.get("1") }
                    withContext(Dispatchers.IO) {
                        assertTrue(reached.await(20, TimeUnit.SECONDS), "the request never came")
                    }
                    val before = TimeSource.Monotonic.markNow()
                    call.cancelAndJoin()
                    assertTrue(call.isCancelled)
                    assertTrue(hungUp.await(20, TimeUnit.SECONDS), "the connection is still open")
                    assertTrue(before.elapsedNow() < 5.seconds)
                }
            }
        }
    }

    @Test
    fun `what is missing is named as it is called here`() {
        val error = refused { ImageIntelligence(clientId = "local") }
        assertIs<ImageIntelligenceException.Config>(error)
        assertTrue("ImageIntelligence(clientId = .., clientSecret = ..)" in error.message, error.message)
        val open = refused { ImageIntelligence("local", "local", "http://example.com/v2") }
        assertTrue("allowPlainHttp = true" in open.message, open.message)
        ImageIntelligence("local", "local", "http://example.com/v2", allowPlainHttp = true).close()
    }

    @Test
    fun `nothing secret is printed`() {
        val secret = "a-secret-of-some-length"
        ImageIntelligence("local", secret, "http://127.0.0.1:9/v2", requestTimeout = 5.seconds).use { client ->
            val error = refused { runBlocking { client.detectJobs.get("1") } }
            assertIs<ImageIntelligenceException.Connection>(error)
            val keys = CallbackKeys(mapOf(1 to ByteArray(32) { 65 }))
            val shown = listOf(client.toString(), error.stackTraceToString(), error.source.orEmpty(), keys.toString())
            for (text in shown) {
                assertFalse(secret in text, text)
                assertFalse("AAAAAAAA" in text, text)
            }
        }
    }

    @Test
    fun `half a character is refused in the words of this library`(): Unit = Service().use { service ->
        val half = "\ud800"
        service.client().use { client ->
            val images = listOf(Image.bytes(byteArrayOf(1)))
            suspend fun refusal(call: suspend () -> Any?): String {
                val error = refused { call() }
                assertIs<ImageIntelligenceException.InvalidRequest>(error)
                assertTrue("lone surrogate" in error.message, error.message)
                return error.message.substringBefore(':')
            }
            runBlocking {
                assertEquals("customId", refusal { client.detect(images, listOf("person"), customId = half) })
                assertEquals("feedId", refusal { client.detect(images, listOf("person"), feedId = half) })
                assertEquals("webhookUrl", refusal { client.detect(images, listOf("person"), webhookUrl = half) })
                assertEquals("classes[1]", refusal { client.detect(images, listOf("person", half)) })
                assertEquals("images[0].url", refusal { client.detect(listOf(Image.url("https://a.example/$half")), listOf("person")) })
                assertEquals("images[1].customId", refusal { client.detect(images + images[0].customId(half), listOf("person")) })
                refusal { client.detectJobs.get(half) }
                refusal { client.resume(half) }
                refusal { ImageIntelligence(clientId = half) }
                refusal { Webhooks.parse("{}", secret = half) }
            }
        }
    }

    @Test
    fun `a time that is none is refused`() = withService("--progression", "never") { client ->
        for (none in listOf(Duration.ZERO, (-1).seconds, -Duration.INFINITE)) {
            val error = refused { ImageIntelligence("local", "local", requestTimeout = none) }
            assertIs<ImageIntelligenceException.Config>(error)
            assertTrue("requestTimeout" in error.message, error.message)
        }
        ImageIntelligence("local", "local", requestTimeout = 1.nanoseconds).close()
        val job = client.detect(listOf(Image.file(astronaut)), listOf("person"))
        for (past in listOf((-1).seconds, -Duration.INFINITE)) {
            val error = refused { job.wait(timeout = past) }
            assertIs<ImageIntelligenceException.InvalidRequest>(error)
            assertTrue("timeout" in error.message, error.message)
        }
        assertIs<ImageIntelligenceException.WaitTimeout>(refused { job.wait(Duration.ZERO) })
        assertFailsWith<TimeoutCancellationException> { withTimeout(50) { job.wait(Duration.INFINITE) } }
    }

    @Test
    fun `a time without an end is none that fails`(): Unit = Service().use { service ->
        ImageIntelligence("local", "local", service.baseUrl, requestTimeout = Duration.INFINITE).use { client ->
            assertIs<ImageIntelligenceException.NotFound>(refused { runBlocking { client.detectJobs.get("none") } })
        }
    }

    @Test
    fun `no classes at all is refused, and compiles`() = withService { client ->
        val error = refused { client.detect(listOf(Image.file(astronaut)), listOf()) }
        assertIs<ImageIntelligenceException.InvalidRequest>(error)
        assertTrue("classes" in error.message, error.message)
    }

    @Test
    fun `an image shows no more of its URL than where it is`() {
        val url = "https://me:word@a.example/b/c.jpg?X-Signature=abc#d"
        assertEquals("Image(https://a.example/b/c.jpg)", Image.url(url).toString())
        assertEquals("Image(https://a.example, customId=e)", Image.url("https://a.example?t=1").customId("e").toString())
        assertEquals("Image(cat.jpg)", Image.url("cat.jpg").toString())
    }

    @Test
    fun `every error has its branch`() {
        // Compiles only while the sealed class is closed and every kind is named.
        fun advice(error: ImageIntelligenceException): String = when (error) {
            is ImageIntelligenceException.Config, is ImageIntelligenceException.InvalidRequest,
            is ImageIntelligenceException.BadRequest, is ImageIntelligenceException.ResumeToken -> "mend the call"
            is ImageIntelligenceException.Authentication, is ImageIntelligenceException.PermissionDenied -> "ask for access"
            is ImageIntelligenceException.NotFound, is ImageIntelligenceException.JobLost -> "it is gone"
            is ImageIntelligenceException.TooLarge -> "send less"
            is ImageIntelligenceException.RateLimited, is ImageIntelligenceException.ServerError,
            is ImageIntelligenceException.Connection, is ImageIntelligenceException.RequestTimeout,
            is ImageIntelligenceException.InvalidResponse -> "later"
            is ImageIntelligenceException.WaitTimeout -> "wait on with ${error.resumeToken}"
            is ImageIntelligenceException.OutcomeUnknown -> "look for ${error.customId}"
            is ImageIntelligenceException.Cancelled -> "as asked"
            is ImageIntelligenceException.InvalidWebhook, is ImageIntelligenceException.WebhookVerification -> "400"
            is ImageIntelligenceException.Store, is ImageIntelligenceException.Closed -> "open it again"
        }
        assertEquals("400", advice(refused { Webhooks.parse("[]") }))
        assertEquals("mend the call", advice(refused { ImageIntelligence(baseUrl = "x") }))
    }

    private fun withService(vararg options: String, test: suspend CoroutineScope.(ImageIntelligence) -> Unit) =
        Service(*options).use { service -> service.client().use { client -> runBlocking { test(client) } } }
}
