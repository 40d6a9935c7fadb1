// The cases of tests/vectors that are about reading: the API's answers, and bodies of webhooks.
package com.imageintelligence

import com.imageintelligence.testing.readModel
import com.sun.net.httpserver.HttpExchange
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.TestFactory
import java.util.concurrent.atomic.AtomicReference
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertNotNull
import kotlin.test.assertTrue
import kotlin.test.fail

class ReadingTest {
    @TestFactory
    fun wire(): List<DynamicTest> {
        val all = table("wire")
        val fetched = fetched(all.filter { it.jobKind() != null })
        return cases("wire", BODY + setOf("model", "expect", "error", "raw") + VIEWS.values.flatten()) { case ->
            val kind = case.jobKind()
            val strange = case.keys.intersect(VIEWS.values.flatten().toSet()) - VIEWS[case.text("model")].orEmpty()
            assertTrue(strange.isEmpty(), "this model has no $strange")
            if (kind == null) return@cases core(case)
            val read = { fetched.getValue(case.text("name")!!).getOrThrow() }
            if ("error" in case) return@cases holds(case.getValue("error").jsonObject, refused(read))
            val jobs = read()
            val expected = assertNotNull(case["expect"], "the case says nothing of the outcome")
            val understood = JsonArray(jobs.map { Json.parseToJsonElement(it.json) })
            val wanted = if (case.isSearch()) expected else JsonArray(listOf(expected))
            assertTrue(same(wanted, understood), "wanted $wanted\n   got $understood")
            if (!case.isSearch()) looked(case, jobs.single(), kind)
        }
    }

    /** What is no job has no JSON on this side; each field of it is looked at in CallsTest. */
    private fun core(case: JsonObject) {
        val read = { readModel(case.text("model")!!, case.body()) }
        if ("error" in case) return holds(case.getValue("error").jsonObject, refused(read))
        val expected = assertNotNull(case["expect"], "the case says nothing of the outcome")
        val understood = read()
        assertTrue(same(expected, Json.parseToJsonElement(understood)), "wanted $expected\n   got $understood")
        assertEquals(understood, readModel(case.text("model")!!, understood.toByteArray()), "written out and read again")
        raw(case, case.body().decodeToString())
    }

    private fun JsonObject.isSearch() = text("model")!!.endsWith("_jobs")

    private fun JsonObject.jobKind(): Kind? = JOBS[text("model")!!.removeSuffix("s")]

    /**
     * The jobs as the client reads them, from a server that answers with these bytes, each by its own id. What cannot be
     * read has none, and is asked for all at once: for some seconds it is asked for again.
     */
    private fun fetched(cases: List<JsonObject>): Map<String, Result<List<Seen>>> {
        val (odd, good) = cases.partition { "error" in it }
        val next = AtomicReference(ByteArray(0))
        val server = Scripted(threads = 16) {
            val asked = ODD.find(named(it))?.groupValues?.get(1)
            it.answer(if (asked != null) odd[asked.toInt()].body() else next.get())
        }
        return server.use {
            server.client().use { client ->
                runBlocking {
                    val refused = odd.mapIndexed { index, case ->
                        async { case.text("name")!! to runCatching { client.fetch(case, "odd-$index") } }
                    }
                    val read = good.map { case ->
                        next.set(case.body())
                        val id = (case["expect"] as? JsonObject)?.text("id") ?: "any"
                        case.text("name")!! to runCatching { client.fetch(case, id) }
                    }
                    (refused.awaitAll() + read).toMap()
                }
            }
        }
    }

    /** All in which a call can name what it is after. */
    private fun named(exchange: HttpExchange): String =
        exchange.requestURI.toString() + exchange.requestBody.readAllBytes().decodeToString()

    private suspend fun ImageIntelligence.fetch(case: JsonObject, id: String): List<Seen> {
        val recognized = recognition("staff").jobs
        val ids = RecognitionSearch(ids = listOf(id))
        return when (case.text("model")) {
            "detect_job" -> listOf(detectJobs.get(id))
            "detect_jobs" -> detectJobs.search(customId = id)
            "match_job" -> listOf(matchJobs.get(id))
            "match_jobs" -> matchJobs.search(customId = id)
            "ask_job" -> listOf(askJobs.get(id))
            "ask_jobs" -> askJobs.search(customId = id)
            "recognize_job" -> listOf(recognized.get(id))
            "recognize_jobs" -> recognized.search(ids)
            else -> fail("this runner does not know ${case.text("model")}")
        }.map { Seen(it) }
    }

    /** What every kind of job has alike. */
    private class Seen(val job: Any) {
        val json: String
        val raw: String
        val errors: List<String>
        val id: String
        val status: String

        init {
            when (job) {
                is DetectJob -> { json = job.toJson(); raw = job.raw; errors = job.errors().map { it.image.name }; id = job.id; status = "${job.status}" }
                is MatchJob -> { json = job.toJson(); raw = job.raw; errors = job.errors().map { it.image.name }; id = job.id; status = "${job.status}" }
                is AskJob -> { json = job.toJson(); raw = job.raw; errors = job.errors().map { it.image.name }; id = job.id; status = "${job.status}" }
                is RecognizeJob -> { json = job.toJson(); raw = job.raw; errors = job.errors().map { it.image.name }; id = job.id; status = "${job.status}" }
                else -> fail("$job is no job")
            }
        }

        /** The same but for the text that it was read from. */
        fun sameAs(other: Any): Boolean = when (job) {
            is DetectJob -> job == (other as DetectJob).copy(raw = raw)
            is MatchJob -> job == (other as MatchJob).copy(raw = raw)
            is AskJob -> job == (other as AskJob).copy(raw = raw)
            else -> job == (other as RecognizeJob).copy(raw = raw)
        }
    }

    private fun looked(case: JsonObject, seen: Seen, kind: Kind) {
        assertTrue(seen.sameAs(jobOf(Webhooks.parse(seen.json, kind = EventKind.valueOf(kind.name)))!!), "written out and read again")
        case["errors"]?.let { assertEquals(it.texts(), seen.errors) }
        when (val job = seen.job) {
            is DetectJob -> {
                case["found"]?.jsonObject?.forEach { (name, hits) ->
                    val found = job.found(name).map { it.image.name to it.confidence }
                    assertEquals(hits.jsonArray.map { hit -> hit.jsonObject.let { it.text("image") to it.number("confidence") } }, found, name)
                }
                case["classes"]?.let { assertEquals(it.texts(), job.classes()) }
            }
            is MatchJob -> case["matched"]?.let { assertEquals(if (it is JsonNull) null else it.jsonPrimitive.content, job.matched()?.name) }
            is AskJob -> case["yes"]?.let { assertEquals(if (it is JsonNull) null else it.jsonPrimitive.content, job.yes()?.name) }
            is RecognizeJob -> case["faces"]?.let { faces ->
                val expected = faces.jsonArray.map { face -> face.jsonObject.let { it.text("image") to it.text("identity") } }
                assertEquals(expected, job.faces().map { it.image.name to it.face.identityId })
            }
        }
        raw(case, seen.raw)
    }

    private fun raw(case: JsonObject, text: String) {
        case["raw"]?.jsonObject?.let { fields ->
            val raw = Json.parseToJsonElement(text.removePrefix("\uFEFF")).jsonObject
            // What is expected is the field's own text.
            fields.forEach { (key, text) -> assertEquals(Json.parseToJsonElement(text.jsonPrimitive.content), raw[key], key) }
        }
    }

    private fun jobOf(event: WebhookEvent): Any? = when (event) {
        is WebhookEvent.Detect -> event.job
        is WebhookEvent.Match -> event.job
        is WebhookEvent.Ask -> event.job
        is WebhookEvent.Recognize -> event.job
        is WebhookEvent.Event, is WebhookEvent.Unknown -> null
    }

    private fun word(event: WebhookEvent): String = event::class.simpleName!!.lowercase()

    @TestFactory
    fun webhook() = cases("webhook", BODY + setOf("known_kind", "event", "shape", "id", "status", "event_name", "identity", "error")) { case ->
        val body = case.body()
        val parse = { Webhooks.parse(body, kind = case.text("known_kind")?.let { EventKind.valueOf(it.uppercase()) }) }
        if ("error" in case) return@cases holds(case.getValue("error").jsonObject, refused(parse))
        val event = parse()
        assertEquals(body.decodeToString().removePrefix("\uFEFF"), event.raw, "the body as it came")
        assertEquals(assertNotNull(case.text("event"), "the case says nothing of the outcome"), word(event))
        if (event is WebhookEvent.Event) {
            // A table of before there were events says nothing of them.
            case["event_name"]?.let { assertEquals(if (it is JsonNull) "" else it.jsonPrimitive.content, "${event.event.event}") }
            case["identity"]?.let { assertEquals(if (it is JsonNull) null else it.jsonPrimitive.content, event.event.identity?.id) }
        }
        val job = jobOf(event)?.let { Seen(it) } ?: return@cases
        assertEquals(case.text("id") ?: "1", job.id)
        case.text("status")?.let { assertEquals(it, job.status) }
    }

    @TestFactory
    fun canonical() = cases("canonical", BODY + setOf("known_kind", "event", "canonical", "expect", "error")) { case ->
        // Here core builds the objects, so nobody asks whether the bytes were canonical: the object is the same.
        val parse = { Webhooks.parse(case.body(), kind = case.text("known_kind")?.let { EventKind.valueOf(it.uppercase()) }) }
        if ("error" in case) return@cases holds(case.getValue("error").jsonObject, refused(parse))
        val event = parse()
        assertEquals(case.text("event"), word(event))
        val json = when (event) {
            is WebhookEvent.Unknown -> return@cases
            is WebhookEvent.Event -> event.event.toJson()
            else -> Seen(jobOf(event)!!).json
        }
        val expected = assertNotNull(case["expect"])
        assertTrue(same(expected, Json.parseToJsonElement(json)), "wanted $expected\n   got $json")
    }

    private companion object {
        val ODD = Regex("odd-([0-9]+)")
        val JOBS = mapOf("detect_job" to Kind.DETECT, "match_job" to Kind.MATCH, "ask_job" to Kind.ASK, "recognize_job" to Kind.RECOGNIZE)
        /** What a case may say of a job beside its JSON. */
        val VIEWS = mapOf(
            "detect_job" to listOf("errors", "found", "classes"), "match_job" to listOf("errors", "matched"),
            "ask_job" to listOf("errors", "yes"), "recognize_job" to listOf("errors", "faces"),
        )
    }
}
