// The other kinds of job and all of recognition, against the real server.
package com.imageintelligence

import com.imageintelligence.models.FeedbackCode
import com.imageintelligence.models.ImageStatus
import com.imageintelligence.models.JobStatus
import com.imageintelligence.models.NameFilter
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.seconds

class EndToEndTest {
    private val street = Image.file(astronaut).customId("street")
    private val yard = Image.bytes(astronaut.readBytes()).customId("yard")

    @Test
    fun `the target is found where it is`() = with(
        """{"kind": "match", "image": "yard", "target": "rex", "matches": true, "hitl": true}, {"kind": "match", "image": "*", "matches": false},
        {"kind": "match", "image": "broken", "status": "INVALID_IMAGE_FORMAT_ERROR"}""",
    ) { client ->
        val rex = Target("dog", images = listOf("https://example.com/rex.jpg"), customId = "rex")
        val job = client.match(listOf(street, yard, Image.bytes("none".toByteArray()).customId("broken")), target = rex, customId = "a match", feedId = "gate")
        val result = job.wait(60.seconds)
        assertTrue(result.isDone)
        assertEquals(JobStatus.CompletedPartialError, result.status)
        assertEquals("yard", assertNotNull(result.matched()).name)
        assertEquals(1, result.matched()?.input?.index)
        assertEquals("rex", result.jobResults.target?.customId)
        val bad = result.errors().single()
        assertEquals(ImageStatus.InvalidImageFormatError to "broken", bad.status to bad.image.name)
        assertEquals(job.id, client.matchJobs.search(customId = "a match").single().id)
        assertEquals(emptyList(), client.matchJobs.search(feedId = "another"))
        assertEquals(job.id, client.resume<MatchHandle>(job.resumeToken).get().id)
        assertIs<ImageIntelligenceException.NotFound>(refused { client.askJobs.get(job.id) })
        val nobody = client.match(listOf(street), target = rex).wait(60.seconds)
        assertNull(nobody.matched())
    }

    @Test
    fun `the question is answered`() = with(
        """{"kind": "ask", "image": "street", "question": "Is somebody there?", "answer": "yes"}, {"kind": "ask", "image": "*", "answer": "no"}""",
    ) { client ->
        val examples = Examples(yes = listOf("https://example.com/somebody.jpg"), no = listOf("https://example.com/nobody.jpg"))
        val yes = client.ask(listOf(yard, street), question = "Is somebody there?", examples = examples).wait(60.seconds)
        assertEquals("street", yes.yes()?.name)
        assertEquals(examples.yes to examples.no, yes.examples?.yes to yes.examples?.no)
        assertNull(client.ask(listOf(street), question = "Is it night?").wait(60.seconds).yes())
        assertEquals(2, client.askJobs.search().size)
    }

    @Test
    fun `somebody becomes known, is known again, and is forgotten`() = with(
        """{"kind": "recognize", "image": "street", "faces": [{"confidence": 0.8}]},
        {"kind": "recognize", "image": "yard", "faces": [{"confidence": 0.9, "identityCustomId": "ann"}]}""",
    ) { client ->
        val staff = client.recognition("staff")
        val first = client.recognize(listOf(street), namespace = "staff", feedId = "gate").wait(60.seconds)
        val face = first.faces().single()
        assertEquals("street" to 0.8, face.image.name to face.face.confidence)
        assertNull(face.face.identityId)

        val picture = staff.images.search(RecognitionSearch(feedIds = NameFilter.OneOf(listOf("gate")))).single()
        assertEquals(emptyList(), staff.images.search(RecognitionSearch(feedIds = NameFilter.None)))
        assertEquals(picture.id, staff.images.get(picture.id!!).id)
        assertContentEquals(astronaut.readBytes(), staff.images.picture(picture.id!!))

        val ann = staff.identities.create(customId = "ann", imageIds = listOf(picture.id!!))
        assertEquals(listOf(picture.id), ann.images.map { it.id })
        val again = client.recognize(listOf(yard), namespace = "staff").wait(60.seconds)
        assertEquals(ann.id, again.faces().single().face.identityId)
        assertEquals(ann.id, staff.images.all().toList().first { it.id == picture.id }.identityId)

        assertEquals("Ann", staff.identities.update(ann.id, customId = "Ann", remove = listOf(picture.id!!)).customId)
        assertFalse(picture.id in staff.identities.get(ann.id).images.map { it.id })
        staff.identities.create()
        assertEquals(1, staff.identities.search(RecognitionSearch(customIds = NameFilter.None)).size)
        assertEquals(2, staff.identities.all().toList().size)
        assertEquals(0, client.recognition("guests").identities.all().toList().size)
        for (group in staff.groups.all().toList()) assertEquals(group.id, staff.groups.get(group.id!!).id)
        assertEquals(staff.groups.search().map { it.id }, staff.groups.all().map { it.id }.toList())
        assertEquals(listOf(again.id, first.id), staff.jobs.all().map { it.id }.toList())
        assertEquals(first.id, staff.jobs.get(first.id).id)

        staff.identities.delete(ann.id)
        assertIs<ImageIntelligenceException.NotFound>(refused { staff.identities.get(ann.id) })
    }

    @Test
    fun `feedback, a webhook and a stored picture`() = with("") { client ->
        val job = client.detect(listOf(street), listOf("person")).wait(60.seconds)
        val wrong = FeedbackClass("person", FeedbackCode.FalsePositive)
        val taken = client.feedback.create(job.id, listOf(wrong))
        assertEquals(listOf(wrong), client.feedback.get(taken.id).classes)
        assertEquals(listOf(taken.id), client.feedback.list(job.id).map { it.id })
        assertEquals(1, client.feedback.list().size)
        assertContentEquals(astronaut.readBytes(), client.image(assertNotNull(job.found("person").single().image.proxyUrl)))

        val made = client.registerWebhook("https://hooks.example.com/ii", secretKey = "correct horse battery")
        assertEquals("https://hooks.example.com/ii" to "correct horse battery", made.webhook.url to made.secretKey)
        assertIs<ImageIntelligenceException.BadRequest>(refused { client.registerWebhook("https://hooks.example.com/ii") })
        assertEquals(job.id, client.detectJobs.search(after = job.createdAt?.minus(1.seconds)).single().id)
    }

    /** A server that answers by these rules. */
    private fun with(rules: String, test: suspend (ImageIntelligence) -> Unit) = Service().use { service ->
        if (rules.isNotEmpty()) service.answers("[$rules]")
        service.client().use { client -> runBlocking { test(client) } }
    }
}
