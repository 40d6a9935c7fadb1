// Every case of tests/vectors, named: what Kotlin has on its surface goes through it, the rest through core's own hook.
package com.imageintelligence

import com.imageintelligence.testing.decide
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.long
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.TestFactory
import java.util.Base64
import kotlin.test.assertEquals
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Instant

class VectorsTest {
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

    @TestFactory fun token() = decided("token")

    @TestFactory fun `resume, decided`() = decided("resume")

    @TestFactory fun `signature, decided`() = decided("signature")

    @TestFactory fun `callback, decided`() = decided("callback")

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
            val job = resume()
            val kind = when (job) {
                is DetectHandle -> Kind.DETECT
                is MatchHandle -> Kind.MATCH
                is AskHandle -> Kind.ASK
                is RecognizeHandle -> Kind.RECOGNIZE
            }
            assertEquals(kindNamed(fields.text("kind")!!), kind)
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

    private companion object {
        val ERROR = setOf(
            "kind", "message", "status", "body_bytes", "body", "retryable", "retry_after_ms", "request_id", "custom_id",
            "candidates", "last_status", "resume_token", "reason",
        )
        val RING = Regex("([0-9]{1,3})\\s*:\\s*([A-Za-z0-9+/_-]{4,}=*)")
    }
}
