// Every case of tests/vectors, named: what Kotlin has on its surface goes through it, the rest through core's own hook.
package com.imageintelligence

import com.imageintelligence.testing.decide
import com.imageintelligence.testing.readSearch
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.double
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.long
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.TestFactory
import java.util.Base64
import java.util.concurrent.atomic.AtomicReference
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.test.fail
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Instant

class VectorsTest {
    private fun cases(name: String, known: Set<String>, run: (JsonObject) -> Unit): List<DynamicTest> =
        table(name).map { case ->
            DynamicTest.dynamicTest("$name: ${case.text("name")}") {
                val strange = case.keys - known - "name"
                assertTrue(strange.isEmpty(), "this runner does not know $strange")
                run(case)
            }
        }

    /** Core gives the case back with what it decided in the place of what was expected. */
    private fun decided(name: String): List<DynamicTest> = table(name).map { case ->
        DynamicTest.dynamicTest("$name: ${case.text("name")}") {
            val answer = Json.parseToJsonElement(decide(name, case.toString()))
            assertTrue(same(case, answer), "wanted $case\n   got $answer")
        }
    }

    @TestFactory fun poll() = decided("poll")

    @TestFactory fun retry() = decided("retry")

    @TestFactory fun `retry after`() = decided("retry_after")

    @TestFactory fun validation() = decided("validation")

    @TestFactory fun `resume, decided`() = decided("resume")

    @TestFactory fun `signature, decided`() = decided("signature")

    @TestFactory fun `callback, decided`() = decided("callback")

    @TestFactory
    fun wire(): List<DynamicTest> {
        val known = BODY + setOf("model", "expect", "found", "classes", "errors", "raw", "error")
        val fetched = fetched(table("wire").filterNot { it.isSearch() })
        return cases("wire", known) { case ->
            val search = case.isSearch()
            val read = { if (search) readSearch(case.body()) else listOf(fetched.getValue(case.text("name")!!).getOrThrow()) }
            if ("error" in case) return@cases holds(case.getValue("error").jsonObject, refused(read))
            val jobs = read()
            val expected = assertNotNull(case["expect"], "the case says nothing of the outcome")
            val understood = JsonArray(jobs.map { Json.parseToJsonElement(it.toJson()) })
            assertTrue(same(if (search) expected else JsonArray(listOf(expected)), understood), "wanted $expected\n   got $understood")
            if (!search) looked(case, jobs.single())
        }
    }

    private fun JsonObject.isSearch() = text("model") == "detect_jobs"

    /**
     * The jobs as the client reads them, from a server that answers with these bytes, each by its own id. What cannot be
     * read has none, and is asked for all at once: for some seconds it is asked for again.
     */
    private fun fetched(cases: List<JsonObject>): Map<String, Result<DetectJob>> {
        val (odd, good) = cases.partition { "error" in it }
        val next = AtomicReference(ByteArray(0))
        val server = Scripted {
            val id = it.requestURI.path.substringAfterLast('/')
            it.answer(if (id.startsWith("odd-")) odd[id.removePrefix("odd-").toInt()].body() else next.get())
        }
        return server.use {
            server.client().use { client ->
                runBlocking {
                    val refused = odd.mapIndexed { index, case ->
                        async { case.text("name")!! to runCatching { client.detectJobs.get("odd-$index") } }
                    }
                    val read = good.map { case ->
                        next.set(case.body())
                        case.text("name")!! to runCatching { client.detectJobs.get(case.getValue("expect").jsonObject.text("id")!!) }
                    }
                    (refused.awaitAll() + read).toMap()
                }
            }
        }
    }

    private fun looked(case: JsonObject, job: DetectJob) {
        val again = assertIs<WebhookEvent.Detect>(Webhooks.parse(job.toJson(), kind = Kind.DETECT)).job
        assertEquals(job, again.copy(raw = job.raw), "written out and read again")
        case["found"]?.jsonObject?.forEach { (name, hits) ->
            val found = job.found(name).map { it.image.name to it.confidence }
            assertEquals(hits.jsonArray.map { hit -> hit.jsonObject.let { it.text("image") to it.number("confidence") } }, found, name)
        }
        case["classes"]?.let { assertEquals(it.texts(), job.classes()) }
        case["errors"]?.let { assertEquals(it.texts(), job.errors().map { failed -> failed.image.name }) }
        case["raw"]?.jsonObject?.let { fields ->
            val raw = Json.parseToJsonElement(job.raw).jsonObject
            // What is expected is the field's own text.
            fields.forEach { (key, text) -> assertEquals(Json.parseToJsonElement(text.jsonPrimitive.content), raw[key], key) }
        }
    }

    @TestFactory
    fun webhook() = cases("webhook", BODY + setOf("known_kind", "event", "shape", "id", "status", "error")) { case ->
        val body = case.body()
        val parse = { Webhooks.parse(body, kind = case.text("known_kind")?.let(::kindNamed)) }
        if ("error" in case) return@cases holds(case.getValue("error").jsonObject, refused(parse))
        val event = parse()
        assertEquals(body.decodeToString().removePrefix("\uFEFF"), event.raw, "the body as it came")
        when (case.text("event")) {
            "detect" -> {
                val job = assertIs<WebhookEvent.Detect>(event).job
                assertEquals(case.text("id") ?: "1", job.id)
                case.text("status")?.let { assertEquals(it, job.status.toString()) }
            }
            null -> fail("the case says nothing of the outcome")
            else -> assertIs<WebhookEvent.Unknown>(event)
        }
    }

    @TestFactory
    fun canonical() = cases("canonical", BODY + setOf("known_kind", "event", "canonical", "expect", "error")) { case ->
        // Here core builds the objects, so nobody asks whether the bytes were canonical: the object is the same.
        val parse = { Webhooks.parse(case.body(), kind = case.text("known_kind")?.let(::kindNamed)) }
        if ("error" in case) return@cases holds(case.getValue("error").jsonObject, refused(parse))
        val event = parse()
        assertEquals(case.text("event") == "detect", event is WebhookEvent.Detect)
        if (event is WebhookEvent.Detect) {
            val expected = assertNotNull(case["expect"])
            assertTrue(same(expected, Json.parseToJsonElement(event.job.toJson())), "wanted $expected\n   got ${event.job.toJson()}")
        }
    }

    @TestFactory
    fun signature() = cases("signature", BODY + setOf("headers", "secrets", "signed", "good", "allow_sha1", "error")) { case ->
        val headers = case.getValue("headers").jsonArray.map { it.texts() }
        // A name may come in several cases of letters, so the map keeps them all.
        val map = headers.groupBy({ it[0] }, { it[1] })
        val body = case.body()
        val sha1 = case["allow_sha1"]?.jsonPrimitive?.boolean ?: false
        val parse = { Webhooks.parse(body, map, secrets = case.getValue("secrets").texts(), allowSha1 = sha1) }
        if ("error" in case) return@cases holds(case.getValue("error").jsonObject, refused(parse))
        assertEquals(true, case["good"]?.jsonPrimitive?.boolean, "the case says nothing of the outcome")
        // The signature is good; what the body says is another matter.
        val event = try {
            parse().raw
        } catch (odd: ImageIntelligenceException.InvalidWebhook) {
            null
        }
        if (event != null) assertEquals(body.decodeToString().removePrefix("\uFEFF"), event)
    }

    @TestFactory
    fun callback(): List<DynamicTest> {
        val known = setOf("keys", "bases", "mint", "token", "now_ms", "minted", "url", "says", "normalised", "error")
        val run = cases("callback", known) { case -> callback(case, assertNotNull(ring(case))) }
        // A ring is a text to core and a map here: what is wrong with the text alone is `decided` above, and no more.
        val rings = table("callback").map { ring(it) }
        assertTrue(rings.count { it != null } >= 60)
        return run.filterIndexed { index, _ -> rings[index] != null }
    }

    private fun callback(case: JsonObject, ring: Map<Int, ByteArray>) {
        val bases = case.getValue("bases").texts()
        val run = {
            val keys = CallbackKeys(ring)
            case["mint"]?.jsonObject?.let { mint ->
                val expires = Instant.fromEpochMilliseconds(mint.getValue("expires_ms").jsonPrimitive.long)
                val token = keys.mint(kindNamed(mint.text("kind")!!), expires, mint.text("rid")!!, bases.first())
                case.text("minted")?.let { assertEquals(it, token) }
                case.text("url")?.let { assertEquals(it, keys.callbackUrl(token, bases.first())) }
            }
            case.text("token")?.let { token ->
                val now = Instant.fromEpochMilliseconds(case.getValue("now_ms").jsonPrimitive.long)
                val says = keys.verify(token, bases, now)
                val expected = case.getValue("says").jsonObject
                assertEquals(expected.text("kind"), says.kind.name.lowercase())
                assertEquals(expected.text("rid"), says.rid)
                assertEquals(expected.getValue("expires_ms").jsonPrimitive.long, says.expires.toEpochMilliseconds())
                assertEquals(expected.getValue("key_id").jsonPrimitive.int, says.keyId)
            }
            bases.forEach { keys.callbackUrl("t", it) }
        }
        if ("error" in case) holds(case.getValue("error").jsonObject, refused(run)) else run()
    }

    /** The ring as a map, where its text can be one. */
    private fun ring(case: JsonObject): Map<Int, ByteArray>? {
        val entries = case.text("keys")!!.split(",").map { entry -> RING.matchEntire(entry.trim())?.destructured ?: return null }
        val ring = entries.associate { (id, master) -> id.toInt() to decoded(master) }
        return ring.takeIf { it.size == entries.size && it.keys.max() < 256 }
    }

    private fun decoded(master: String) = Base64.getDecoder().decode(master.replace('-', '+').replace('_', '/').trimEnd('='))

    @TestFactory
    fun resume() = cases("resume", setOf("api", "token", "fields", "writes", "error")) { case ->
        ImageIntelligence("local", "local", case.text("api"), allowPlainHttp = true).use { client ->
            val resume = { client.resume(case.text("token")!!) }
            if ("error" in case) return@cases holds(case.getValue("error").jsonObject, refused(resume))
            val fields = case.getValue("fields").jsonObject
            if (fields.text("kind") != "detect") {
                return@cases assertEquals("resume_token", refused(resume).kind, "only detect jobs can be resumed so far")
            }
            val job = resume()
            assertEquals(fields.text("id"), job.id)
            assertEquals(fields.getValue("created").jsonPrimitive.long, job.createdAt.toEpochMilliseconds())
            assertNull(job.customId)
            if (case["writes"]?.jsonPrimitive?.boolean == true) assertEquals(case.text("token"), job.resumeToken)
        }
    }

    @TestFactory
    fun errors() = cases("errors", setOf("made", "answer", "expect")) { case ->
        val error = refused { decide("errors", case.toString()) }
        val expected = case.getValue("expect").jsonObject
        val strange = expected.keys - setOf("exit", "rust", "python", "python_also", "node") - ERROR
        assertTrue(strange.isEmpty(), "this runner does not know $strange")
        val kind = expected.text("kind")!!
        assertEquals(kind, error.kind)
        assertEquals(kind.split("_").joinToString("") { it.replaceFirstChar(Char::uppercase) }, error::class.simpleName)
        assertEquals(expected.text("message"), error.message)
        assertEquals(expected.getValue("retryable").jsonPrimitive.boolean, error.retryable)
        assertEquals(expected["status"]?.jsonPrimitive?.int, error.status)
        assertEquals(expected.text("request_id"), error.requestId)
        assertEquals(expected["retry_after_ms"]?.jsonPrimitive?.long?.milliseconds, error.retryAfter)
        assertEquals(expected["body_bytes"]?.jsonPrimitive?.int, error.body?.size)
        expected.text("body")?.let { assertEquals(it, error.body?.decodeToString()) }
        assertEquals(expected.text("last_status"), error.lastStatus?.toString())
        assertEquals(expected.text("resume_token"), error.resumeToken)
        assertEquals(expected.text("custom_id"), error.customId)
        assertEquals(expected["candidates"]?.texts().orEmpty(), error.candidates)
        assertEquals(expected.text("reason"), error.reason)
    }

    private fun kindNamed(name: String): Kind = Kind.valueOf(name.uppercase())

    private fun JsonObject.number(key: String): Double = getValue(key).jsonPrimitive.double

    private fun kotlinx.serialization.json.JsonElement.texts(): List<String> =
        (this as JsonArray).map { (it as JsonPrimitive).content }

    private companion object {
        val BODY = setOf("json", "text", "base64", "file")
        val ERROR = setOf(
            "kind", "message", "status", "body_bytes", "body", "retryable", "retry_after_ms", "request_id", "custom_id",
            "candidates", "last_status", "resume_token", "reason",
        )
        val RING = Regex("([0-9]{1,3})\\s*:\\s*([A-Za-z0-9+/_-]{4,}=*)")
    }
}
