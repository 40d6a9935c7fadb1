// How calls end that nobody answers: with their coroutine, with the client; and texts that cannot be sent at all.
package com.imageintelligence

import com.imageintelligence.models.FeedbackCode
import com.imageintelligence.models.NameFilter
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Semaphore
import java.util.concurrent.TimeUnit
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertTrue

class EndingTest {
    private val pictures = listOf(Image.url("https://a.example/a.jpg"))
    private val dog = Target("dog", listOf("https://a.example/rex.jpg"))
    private val wrong = listOf(FeedbackClass("person", FeedbackCode.FalseNegative))

    /** Every call that suspends, and a namespace that was taken before. */
    private fun calls(client: ImageIntelligence, staff: Recognition, stored: String): Map<String, suspend () -> Any?> = mapOf(
        "match" to { client.match(pictures, dog) },
        "ask" to { client.ask(pictures, "Is it?") },
        "recognize" to { client.recognize(pictures, "staff") },
        "detectJobs.search" to { client.detectJobs.search() },
        "matchJobs.get" to { client.matchJobs.get("1") },
        "matchJobs.search" to { client.matchJobs.search() },
        "askJobs.get" to { client.askJobs.get("1") },
        "askJobs.search" to { client.askJobs.search() },
        "identities.create" to { staff.identities.create() },
        "identities.get" to { staff.identities.get("1") },
        "identities.update" to { staff.identities.update("1", customId = "a") },
        "identities.delete" to { staff.identities.delete("1") },
        "identities.search" to { staff.identities.search() },
        "identities.all" to { staff.identities.all().toList() },
        "images.get" to { staff.images.get("1") },
        "images.picture" to { staff.images.picture("1") },
        "groups.get" to { staff.groups.get("1") },
        "groups.all" to { staff.groups.all().toList() },
        "recognition.jobs.get" to { staff.jobs.get("1") },
        "recognition.jobs.search" to { staff.jobs.search() },
        "feedback.create" to { client.feedback.create("1", wrong) },
        "feedback.get" to { client.feedback.get("1") },
        "feedback.list" to { client.feedback.list() },
        "registerWebhook" to { client.registerWebhook("https://a.example/hook") },
        "image" to { client.image(stored) },
        "detectAll" to { client.detectAll(pictures, listOf("person")).collect { it.error?.let { error -> throw error } } },
    )

    @Test
    fun `every call ends with its coroutine`() = hanging { client, inHand, stored ->
        for ((name, call) in calls(client, client.recognition("staff"), stored)) {
            val calling = launch(start = CoroutineStart.UNDISPATCHED) { call() }
            withContext(Dispatchers.IO) { assertTrue(inHand.tryAcquire(20, TimeUnit.SECONDS), "$name sent nothing") }
            calling.cancelAndJoin()
            assertTrue(calling.isCancelled, name)
        }
    }

    @Test
    fun `every call ends with the client, and none begins after it`() = hanging { client, inHand, stored ->
        val calls = calls(client, client.recognition("staff"), stored)
        val ended = calls.map { (name, call) -> async { name to runCatching { call() }.exceptionOrNull() } }
        withContext(Dispatchers.IO) { assertTrue(inHand.tryAcquire(calls.size, 20, TimeUnit.SECONDS), "requests are missing") }
        client.close()
        for ((name, error) in ended.awaitAll()) assertIs<ImageIntelligenceException.Closed>(error, name)
        for ((name, call) in calls) assertEquals("closed", refused { call() }.kind, name)
        assertIs<ImageIntelligenceException.Closed>(refused { client.recognition("staff") })
        assertIs<ImageIntelligenceException.Closed>(refused { client.resume<MatchHandle>("ii1_x") })
    }

    @Test
    fun `half a character is refused by its place`() = hanging { client, _, _ ->
        val half = "\ud800"
        val staff = client.recognition("staff")
        suspend fun refusal(call: suspend () -> Any?): String {
            val error = refused { call() }
            assertIs<ImageIntelligenceException.InvalidRequest>(error)
            assertTrue("lone surrogate" in error.message, error.message)
            return error.message.substringBefore(':')
        }
        val halves = NameFilter.OneOf(listOf("a", half))
        val refused = listOf(
            refusal { client.match(pictures, Target("dog", listOf(half))) },
            refusal { client.match(pictures, Target("dog", listOf("a"), half)) },
            refusal { client.ask(pictures, half) },
            refusal { client.ask(pictures, "Is it?", Examples(no = listOf("a", half))) },
            refusal { client.recognize(pictures, half) },
            refusal { client.matchJobs.search(feedId = half) },
            refusal { staff.identities.create(imageIds = listOf(half)) },
            refusal { staff.identities.update("1", remove = listOf(half)) },
            refusal { staff.images.search(RecognitionSearch(customIds = halves)) },
            refusal { staff.groups.all(RecognitionSearch(feedIds = halves)).toList() },
            refusal { client.feedback.create("1", listOf(FeedbackClass(half, FeedbackCode.FalsePositive))) },
            refusal { client.registerWebhook(half) },
        )
        val expected = listOf(
            "target.images[0]", "target.customId", "question", "examples.no[1]", "namespace", "feedId", "imageIds[0]",
            "images.remove[0]", "customIds[1]", "feedIds[1]", "classes[0]", "url",
        )
        assertEquals(expected, refused)
        for (call in listOf<suspend () -> Any?>({ client.recognition(half) }, { staff.images.picture(half) }, { client.image(half) })) refusal(call)
    }

    /** A client of a server that answers nothing but tokens, and counts what it has in hand; and where a picture of it is. */
    private fun hanging(test: suspend CoroutineScope.(ImageIntelligence, Semaphore, String) -> Unit) {
        val (inHand, over) = Semaphore(0) to CountDownLatch(1)
        Scripted(threads = 80) {
            inHand.release()
            over.await()
        }.use { server ->
            server.client().use { client -> runBlocking { test(client, inHand, "${server.baseUrl}/stored/1") } }
            over.countDown()
        }
    }
}
