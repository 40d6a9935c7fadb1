// Every call, against a server that keeps what it was asked: what is sent, and what is read of the answer.
package com.imageintelligence

import com.imageintelligence.models.EventName
import com.imageintelligence.models.FeedbackCode
import com.imageintelligence.models.ImageStatus
import com.imageintelligence.models.JobStatus
import com.imageintelligence.models.LinkModifier
import com.imageintelligence.models.NameFilter
import com.imageintelligence.models.SortOrder
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import java.util.Base64
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.time.Instant

class CallsTest {
    private val pictures = listOf(Image.url("https://a.example/street.jpg").customId("street"))

    @Test
    fun `a match job`() = api(
        "POST /match" to """{"id": "m1", "status": "IN_PROGRESS", "createdAt": 1487648348000}""",
        "GET /match/m1" to MATCH,
        "GET /match" to "[$MATCH, $MATCH]",
    ) { client ->
        val rex = Target("dog", images = listOf("https://a.example/rex.jpg"), customId = "rex")
        val job = client.match(pictures, target = rex, customId = "c", feedId = "f", webhookUrl = "https://a.example/hook")
        assertSent(
            """{"images": [{"url": "https://a.example/street.jpg", "customId": "street"}], "customId": "c", "feedId": "f",
            "webhookUrl": "https://a.example/hook",
            "target": {"class": "dog", "customId": "rex", "images": ["https://a.example/rex.jpg"]}}""",
        )
        assertEquals("c", job.customId)
        assertEquals(1_487_648_348_000, job.createdAt.toEpochMilliseconds())
        assertEquals("MatchHandle(m1)", job.toString())
        for (done in listOf(job.wait(), job.get(), client.matchJobs.get("m1"))) {
            assertTrue(done.isDone)
            assertEquals("street", done.matched()?.name)
            assertEquals(true, done.jobResults.hitl)
            assertEquals(listOf("https://a.example/rex.jpg"), done.jobResults.target?.images)
            val bad = done.errors().single()
            assertEquals(ImageStatus.SpiderwebsError to "p2", bad.status to bad.image.name)
            assertTrue("cobweb" in bad.status.advice.orEmpty().lowercase(), bad.status.advice)
        }
        val moment = Instant.fromEpochMilliseconds(1_487_648_348_000)
        assertEquals(2, client.matchJobs.search(customId = "c d", feedId = "f", before = moment, after = moment).size)
        assertEquals("customId=c+d&feedId=f&before=1487648348000&after=1487648348000", asked.last().query?.replace("%20", "+"))
        client.matchJobs.search()
        assertNull(asked.last().query)
        // The documents let the API answer so for a job that it does not know.
        status = 400
        assertIs<ImageIntelligenceException.NotFound>(refused { client.matchJobs.get("m2") })
    }

    @Test
    fun `an ask job`() = api(
        "POST /ask" to """{"id": "a1", "status": "IN_PROGRESS"}""",
        "GET /ask/a1" to ASK,
        "GET /ask" to "[$ASK]",
    ) { client ->
        val examples = Examples(yes = listOf("https://a.example/open.jpg"))
        val done = client.ask(pictures, question = "Is the door open?", examples = examples, customId = "c").wait()
        assertSent(
            """{"images": [{"url": "https://a.example/street.jpg", "customId": "street"}], "customId": "c",
            "question": "Is the door open?", "examples": {"yes": ["https://a.example/open.jpg"]}}""",
        )
        assertEquals("Is the door open?", done.question)
        assertEquals(listOf("https://a.example/open.jpg"), done.examples?.yes)
        assertEquals("street", done.yes()?.name)
        assertTrue(done.isDone && done.errors().isEmpty())
        assertEquals(done, client.askJobs.get("a1").copy(jobResults = done.jobResults, imageResults = done.imageResults))
        assertEquals("a1", client.askJobs.search(feedId = "f").single().id)
        assertEquals("feedId=f", asked.last().query)
        client.ask(pictures, "Is it?", customId = "c")
        assertFalse("examples" in sent("POST /ask"))
    }

    @Test
    fun `a recognize job`() = api(
        "POST /recognition/recognize/the%20staff" to """{"id": "r1", "status": "IN_PROGRESS", "images": []}""",
        "GET /recognition/recognize/the%20staff/r1" to RECOGNIZE,
        "POST /recognition/recognize/the%20staff/search" to "[$RECOGNIZE]",
    ) { client ->
        val job = client.recognize(pictures, namespace = "the staff", customId = "c", feedId = "f")
        assertSent("""{"images": [{"url": "https://a.example/street.jpg", "customId": "street"}], "customId": "c", "feedId": "f"}""")
        val done = job.wait()
        assertTrue(done.isDone)
        val face = done.faces().single()
        assertEquals("street", face.image.name)
        assertEquals("ann" to 0.97, face.face.identityId to face.face.confidence)
        assertEquals(BoundingBox(1.0, 2.0, 3.0, 4.0), face.face.boundingBox)
        assertEquals("broken", done.errors().single().image.name)
        val jobs = client.recognition("the staff").jobs
        assertEquals("r1", jobs.get("r1").id)
        assertEquals("r1", jobs.search(RecognitionSearch(limit = 5)).single().id)
        assertSent("""{"limit": 5}""")
        assertEquals(listOf("r1"), jobs.all().map { it.id }.toList())
        assertEquals("r1", client.resume<RecognizeHandle>(job.resumeToken).get().id)
    }

    @Test
    fun `a token says which kind of job it is`() = api("GET /match/m1" to MATCH) { client ->
        for (kind in Kind.entries) {
            val token = tokenOf(client, kind)
            // Compiles only while every kind has its branch.
            val named = when (val job = client.resume(token)) {
                is DetectHandle -> Kind.DETECT
                is MatchHandle -> Kind.MATCH.also { assertEquals("street", job.get().matched()?.name) }
                is AskHandle -> Kind.ASK
                is RecognizeHandle -> Kind.RECOGNIZE
            }
            assertEquals(kind, named)
            assertEquals(client.resume(token).id, client.resume<JobHandle<*>>(token).id)
        }
        val match = client.resume<MatchHandle>(tokenOf(client, Kind.MATCH))
        assertEquals("m1", match.id)
        val error = refused { client.resume<DetectHandle>(match.resumeToken) }
        assertIs<ImageIntelligenceException.ResumeToken>(error)
        assertTrue("of a match job" in error.message, error.message)
        assertIs<ImageIntelligenceException.ResumeToken>(refused { client.resume("ii1_x") })
    }

    @Test
    fun `identities are made, read, changed and forgotten`() = api(
        "POST /recognition/identities/staff" to IDENTITY,
        "GET /recognition/identities/staff/ann" to IDENTITY,
        "PATCH /recognition/identities/staff/ann" to IDENTITY,
        "DELETE /recognition/identities/staff/ann" to "",
    ) { client ->
        val identities = client.recognition("staff").identities
        val ann = identities.create(customId = "Ann", imageIds = listOf("f1"))
        assertSent("""{"customId": "Ann", "imageIds": ["f1"]}""")
        assertEquals("Ann", ann.customId)
        val face = ann.images.single()
        assertEquals("FACE", face.of)
        assertEquals(listOf(true, 0.5, 640.0, 480.0), listOf(face.isFrontal, face.sharpness, face.width, face.height))
        assertEquals(BoundingBox(0.1, 0.2, 0.3, 0.4) to 0.9, face.boundingBox to face.boundingBoxConfidence)
        assertTrue("strange" in ann.raw)
        identities.create()
        assertSent("{}")
        assertEquals(ann, identities.get("ann"))
        assertEquals(ann, identities.update("ann", customId = "Anne", add = listOf("f2")))
        assertSent("""{"customId": "Anne", "images": {"add": ["f2"], "remove": []}}""")
        identities.update("ann", customId = "Ann")
        assertSent("""{"customId": "Ann"}""")
        identities.delete("ann")
        assertEquals("DELETE", asked.last().method)
        val error = refused { identities.create(imageIds = emptyList()) }
        assertTrue("imageIds" in error.message, error.message)
        // The documents list no other status for one that is not known.
        status = 400
        assertIs<ImageIntelligenceException.NotFound>(refused { identities.update("nobody", customId = "x") })
    }

    @Test
    fun `a search says none where none is meant`() = api(
        "POST /recognition/identities/staff/search" to "[$IDENTITY]",
        "POST /recognition/images/staff/search" to """[{"id": "f1", "groupId": "g1"}]""",
        "POST /recognition/groups/staff/search" to """[{"id": "g1", "linkModifiedBy": "HITL"}]""",
    ) { client ->
        val staff = client.recognition("staff")
        assertEquals("ann", staff.identities.search().single().id)
        assertSent("{}")
        val everything = RecognitionSearch(
            limit = 10, offset = 20, start = Instant.fromEpochMilliseconds(1_487_648_348_000),
            end = Instant.fromEpochMilliseconds(1_487_648_349_000), sortBy = SortOrder.Asc, ids = listOf("a"),
            feedIds = NameFilter.None, customIds = NameFilter.OneOf(listOf("Ann", "Bob")),
        )
        assertEquals("g1", staff.images.search(everything).single().groupId)
        assertSent(
            """{"limit": 10, "offset": 20, "start": 1487648348000, "end": 1487648349000, "sortBy": "ASC", "ids": ["a"],
            "feedIds": null, "customIds": ["Ann", "Bob"]}""",
        )
        assertEquals(LinkModifier.Hitl, staff.groups.search(RecognitionSearch(customIds = NameFilter.None)).single().linkModifiedBy)
        assertSent("""{"customIds": null}""")
        for (wrong in listOf<() -> RecognitionSearch>({ RecognitionSearch(limit = -1) }, { RecognitionSearch(limit = 101) }, { RecognitionSearch(ids = listOf("")) })) {
            assertIs<ImageIntelligenceException.InvalidRequest>(refused { staff.identities.search(wrong()) })
        }
    }

    @Test
    fun `all of them come page by page, as they are asked for`() {
        val rows = List(250) { """{"id": "i${it.toString().padStart(3, '0')}", "createdAt": ${1_487_648_348_000 - it * 1000}}""" }
        val server = Recording { asked ->
            val search = assertNotNull(asked.body)
            val end = search.text("end")?.toLong() ?: Long.MAX_VALUE
            val within = rows.filterIndexed { at, _ -> 1_487_648_348_000 - at * 1000 <= end }
            Answer(within.drop(search.text("offset")?.toInt() ?: 0).take(search.text("limit")!!.toInt()).toString())
        }
        server.use {
            server.client().use { client ->
                runBlocking {
                    val identities = client.recognition("staff").identities
                    val all = identities.all()
                    assertTrue(server.asked.isEmpty(), "nothing is asked for before it is collected")
                    assertEquals(listOf("i000", "i001"), all.take(2).toList().map { it.id })
                    assertEquals(1, server.asked.size)
                    assertEquals(List(250) { "i${it.toString().padStart(3, '0')}" }, all.toList().map { it.id })
                    assertEquals(listOf("i000"), identities.all(RecognitionSearch(limit = 1)).take(1).toList().map { it.id })
                    val error = refused { identities.all(RecognitionSearch(offset = 1)).toList() }
                    assertIs<ImageIntelligenceException.InvalidRequest>(error)
                }
            }
        }
    }

    @Test
    fun `a picture is fetched from where it lies, without the token`() {
        val server = Recording { asked ->
            when (asked.path) {
                "/stored/f1" -> Answer("jpeg")
                else -> Answer("", 302, location = "/stored/f1")
            }
        }
        server.use {
            server.client().use { client ->
                runBlocking {
                    assertContentEquals("jpeg".toByteArray(), client.recognition("staff").images.picture("f1"))
                    assertEquals(listOf(true, false), server.asked.map { it.authorized })
                    val stored = server.baseUrl.removeSuffix("/v2") + "/stored/f1"
                    assertContentEquals("jpeg".toByteArray(), client.image(stored))
                    assertFalse(server.asked.last().authorized)
                    assertIs<ImageIntelligenceException.InvalidRequest>(refused { client.image("file:///etc/passwd") })
                }
            }
        }
    }

    @Test
    fun `faces and groups by their ids`() = api(
        "GET /recognition/images/staff/f1" to """{"id": "f1", "identityId": "ann", "url": "https://a.example/f1"}""",
        "GET /recognition/groups/staff/g1" to """{"id": "g1", "identityId": "ann", "batchId": "r1", "images": [{"id": "f1"}]}""",
        "POST /recognition/images/staff/search" to "[]",
        "POST /recognition/groups/staff/search" to """[{"id": "g1"}]""",
    ) { client ->
        val staff = client.recognition("staff")
        assertEquals("https://a.example/f1", staff.images.get("f1").url)
        assertEquals("f1", staff.groups.get("g1").images.single().id)
        assertEquals(emptyList(), staff.images.all().toList())
        assertEquals(listOf("g1"), staff.groups.all().toList().map { it.id })
    }

    @Test
    fun `feedback is given, read and listed`() = api(
        "POST /feedback" to FEEDBACK,
        "GET /feedback/w1" to FEEDBACK,
        "GET /feedback" to "[$FEEDBACK]",
    ) { client ->
        val before = System.currentTimeMillis()
        val taken = client.feedback.create("j1", listOf(FeedbackClass("person", FeedbackCode.FalsePositive)))
        val body = sent("POST /feedback")
        assertEquals("j1", body.text("jobId"))
        assertEquals("""[{"class":"person","code":"FALSE_POSITIVE"}]""", body.getValue("classes").toString())
        assertTrue(body.text("createdAt")!!.toLong() in before..System.currentTimeMillis())
        assertEquals("w1" to FeedbackCode.FalsePositive, taken.id to taken.classes.single().code)
        assertEquals(taken, client.feedback.get("w1"))
        assertEquals(listOf(taken), client.feedback.list("j1"))
        assertEquals("jobId=j1", asked.last().query)
        client.feedback.list()
        assertNull(asked.last().query)
        assertIs<ImageIntelligenceException.InvalidRequest>(refused { client.feedback.create("j1", emptyList()) })
    }

    @Test
    fun `a webhook is registered, and its secret is printed nowhere`() = api(
        "POST /webhooks" to """{"id": "w1", "url": "https://a.example/hook", "secretKey": "$SECRET", "application": "door"}""",
    ) { client ->
        val made = client.registerWebhook("https://a.example/hook", secretKey = SECRET)
        assertSent("""{"url": "https://a.example/hook", "secretKey": "$SECRET"}""")
        assertEquals(SECRET, made.secretKey)
        assertEquals("door", made.webhook.application)
        val short = refused { client.registerWebhook("https://a.example/hook", secretKey = "geheim!") }
        assertIs<ImageIntelligenceException.InvalidRequest>(short)
        status = 400
        val error = refused { client.registerWebhook("https://a.example/hook", secretKey = SECRET) }
        assertIs<ImageIntelligenceException.BadRequest>(error)
        val shown = listOf(made.toString(), short.stackTraceToString(), error.stackTraceToString(), error.body?.decodeToString().orEmpty())
        for (text in shown) assertFalse(SECRET in text || "geheim" in text, text)
        status = 200
        answers["POST /webhooks"] = """{"id": "w2"}"""
        assertNull(client.registerWebhook("https://a.example/hook").secretKey)
        assertSent("""{"url": "https://a.example/hook"}""")
    }

    @Test
    fun `what a webhook brings has its own branch`() {
        fun told(event: WebhookEvent): String = when (event) {
            is WebhookEvent.Detect -> event.job.classes().toString()
            is WebhookEvent.Match -> event.job.matched()?.name.toString()
            is WebhookEvent.Ask -> event.job.yes()?.name.toString()
            is WebhookEvent.Recognize -> event.job.faces().single().face.identityId.toString()
            is WebhookEvent.Event -> "${event.event.event}: ${event.event.identity?.customId}"
            is WebhookEvent.Unknown -> event.raw
        }
        assertEquals("street", told(Webhooks.parse(MATCH)))
        assertEquals("street", told(Webhooks.parse(ASK)))
        assertEquals("ann", told(Webhooks.parse(RECOGNIZE)))
        val event = Webhooks.parse("""{"event": "IDENTITY_CREATED", "createdAt": 1487648348000, "identity": $IDENTITY}""")
        assertEquals("IDENTITY_CREATED: Ann", told(event))
        assertEquals(EventName.IdentityCreated, assertIs<WebhookEvent.Event>(event).event.event)
        assertEquals("""{"a": 1}""", told(Webhooks.parse("""{"a": 1}""")))
    }

    /** A server that answers as a table says, while a test runs. */
    private fun api(vararg answers: Pair<String, String>, test: suspend Api.(ImageIntelligence) -> Unit) {
        val api = Api(mutableMapOf(*answers))
        Recording { api.answer(it) }.use { server ->
            api.asked = server.asked
            server.client().use { client -> runBlocking { api.test(client) } }
        }
    }

    private class Api(val answers: MutableMap<String, String>) {
        lateinit var asked: List<Asked>
        var status = 200

        fun answer(asked: Asked): Answer = answers["${asked.method} ${asked.path}"]?.let { Answer(it, status) } ?: Answer("{}", if (status == 200) 404 else status)

        fun sent(call: String): JsonObject = assertNotNull(asked.last { "${it.method} ${it.path}" == call }.body)

        /** What the last call that has a body sent. */
        fun assertSent(json: String) = assertEquals<JsonElement?>(Json.parseToJsonElement(json), asked.last { it.body != null }.body)

        /** A token of a job of any kind, which only says so. */
        suspend fun tokenOf(client: ImageIntelligence, kind: Kind): String {
            answers["POST /detect"] = """{"id": "m1", "status": "IN_PROGRESS"}"""
            val token = client.detect(listOf(Image.url("https://a.example/a.jpg")), listOf("person")).resumeToken
            val said = Base64.getUrlDecoder().decode(token.removePrefix("ii1_")).decodeToString()
            val ns = if (kind == Kind.RECOGNIZE) ""","ns":"staff"""" else ""
            val other = said.replace(""""kind":"detect"""", """"kind":"${kind.name.lowercase()}"$ns""")
            return "ii1_" + Base64.getUrlEncoder().withoutPadding().encodeToString(other.toByteArray())
        }
    }

    private companion object {
        const val SECRET = "correct horse battery"
        const val MATCH = """{"id": "m1", "status": "COMPLETED_PARTIAL_ERROR", "createdAt": 1487648348000,
            "jobResults": {"target": {"class": "dog", "images": ["https://a.example/rex.jpg"]}, "image": {"customId": "street"}, "hitl": true},
            "imageResults": [{"customId": "street", "status": "COMPLETED_SUCCESSFULLY"}, {"id": "p2", "status": "SPIDERWEBS_ERROR"}]}"""
        const val ASK = """{"id": "a1", "status": "COMPLETED_SUCCESSFULLY", "question": "Is the door open?",
            "examples": {"yes": ["https://a.example/open.jpg"]},
            "jobResults": {"image": {"customId": "street"}}, "imageResults": [{"customId": "street", "status": "COMPLETED_SUCCESSFULLY"}]}"""
        const val RECOGNIZE = """{"id": "r1", "status": "COMPLETED_PARTIAL_ERROR", "createdAt": 1487648348000, "images": [
            {"customId": "street", "objects": [{"identityId": "ann", "confidence": 0.97, "boundingBox": {"xMin": 1, "yMin": 2, "xMax": 3, "yMax": 4}}]},
            {"customId": "broken", "status": "IMAGE_DOWNLOAD_ERROR", "objects": []}]}"""
        const val IDENTITY = """{"id": "ann", "customId": "Ann", "namespace": "staff", "createdAt": 1487648348000, "strange": 1, "images": [
            {"id": "f1", "type": "FACE", "isFrontal": true, "sharpness": 0.5, "width": 640, "height": 480,
             "boundingBox": {"xMin": 0.1, "yMin": 0.2, "xMax": 0.3, "yMax": 0.4}, "boundingBoxConfidence": 0.9}]}"""
        const val FEEDBACK = """{"id": "w1", "jobId": "j1", "classes": [{"class": "person", "code": "FALSE_POSITIVE"}], "createdAt": 1487648348000}"""
    }
}
