// What the tests share: the environment that `cargo xtask test` hands over, the shared tables, and servers.
package com.imageintelligence

import com.sun.net.httpserver.HttpExchange
import com.sun.net.httpserver.HttpServer
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.double
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import org.junit.jupiter.api.DynamicTest
import java.io.ByteArrayInputStream
import java.io.File
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.util.Base64
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.Executors
import kotlin.math.abs
import kotlin.test.assertTrue
import kotlin.test.fail

/** A variable that `cargo xtask test` sets. */
fun handedOver(name: String): String =
    System.getenv(name) ?: fail("$name is not set: these tests are run by cargo xtask test")

val root: File by lazy { File(handedOver("II_ROOT")) }
val astronaut: File by lazy { File(root, "examples/photos/astronaut.jpg") }

/** The cases of a shared table. */
fun table(name: String): List<JsonObject> {
    val table = Json.parseToJsonElement(File(root, "tests/vectors/$name.json").readText()).jsonObject
    check(table.text("table") == name) { "$name.json is another table" }
    return table.getValue("cases").jsonArray.map { it.jsonObject }.also { check(it.isNotEmpty()) { "$name is empty" } }
}

/** A test of each case, which fails over a field that it does not know. */
fun cases(name: String, known: Set<String>, run: (JsonObject) -> Unit): List<DynamicTest> = table(name).map { case ->
    DynamicTest.dynamicTest("$name: ${case.text("name")}") {
        val strange = case.keys - known - "name"
        assertTrue(strange.isEmpty(), "this runner does not know $strange")
        run(case)
    }
}

/** The forms in which a case gives a body. */
val BODY = setOf("json", "text", "base64", "file")

fun kindNamed(name: String): Kind = Kind.valueOf(name.uppercase())

fun JsonObject.number(key: String): Double = getValue(key).jsonPrimitive.double

fun JsonElement.texts(): List<String> = (this as JsonArray).map { (it as JsonPrimitive).content }

fun JsonObject.text(key: String): String? = (this[key] as? JsonPrimitive)?.content

/** The body that comes in, in whichever form the case gives it. */
fun JsonObject.body(): ByteArray = when {
    "json" in this -> getValue("json").toString().toByteArray()
    "text" in this -> written(getValue("text")).toByteArray()
    "base64" in this -> Base64.getDecoder().decode(text("base64"))
    "file" in this -> File(root, "tests/vectors/files/${text("file")}").readBytes()
    else -> fail("the case has no body")
}

/** A text, or `{"$repeat": text, "times": n}`, or `{"$concat": [..]}`. */
private fun written(text: JsonElement): String = when (text) {
    is JsonObject -> when {
        "\$repeat" in text -> written(text.getValue("\$repeat")).repeat(text.text("times")!!.toInt())
        else -> text.getValue("\$concat").jsonArray.joinToString("") { written(it) }
    }
    else -> text.jsonPrimitive.content
}

/** Whether both are the same, numbers compared as numbers. */
fun same(one: JsonElement?, other: JsonElement?): Boolean = when {
    one is JsonObject && other is JsonObject -> one.keys == other.keys && one.all { same(it.value, other[it.key]) }
    one is JsonArray && other is JsonArray ->
        one.size == other.size && one.indices.all { same(one[it], other[it]) }
    one is JsonPrimitive && other is JsonPrimitive && !one.isString && !other.isString -> {
        val (a, b) = one.content.toDoubleOrNull() to other.content.toDoubleOrNull()
        if (a == null || b == null) one == other else abs(a - b) < 1e-3 || a == b
    }
    else -> one == other
}

/** Calls and gives the error of ours that comes. */
inline fun refused(call: () -> Any?): ImageIntelligenceException {
    val got = try {
        call()
    } catch (error: ImageIntelligenceException) {
        return error
    }
    fail("nothing was refused; it gave $got")
}

/** What a table says of an error. */
fun holds(expected: JsonObject, error: ImageIntelligenceException) {
    check(error.kind == expected.text("kind")) { "kind ${error.kind}, wanted ${expected.text("kind")}: ${error.message}" }
    expected["reason"]?.let { check(error.reason == expected.text("reason")) { "reason ${error.reason}: ${error.message}" } }
    for (words in expected.getValue("contains").jsonArray) {
        check(words.jsonPrimitive.content in error.message) { "\"${error.message}\" lacks \"${words.jsonPrimitive.content}\"" }
    }
}

/** `ii serve`, for as long as a block. */
class Service(vararg options: String) : AutoCloseable {
    private val process: Process = ProcessBuilder(handedOver("II_BIN"), "serve", "--port", "0", "--json", *options)
        .redirectError(ProcessBuilder.Redirect.DISCARD).start()
    val baseUrl: String = Json.parseToJsonElement(
        process.inputStream.bufferedReader().readLine() ?: fail("ii serve did not start"),
    ).jsonObject.text("baseUrl")!!

    fun client(): ImageIntelligence = ImageIntelligence("local", "local", baseUrl)

    /** Says what jobs answer for which no model stands behind it. */
    fun answers(rules: String) {
        val request = HttpRequest.newBuilder(URI(baseUrl.removeSuffix("/v2") + "/_ii/answers")).POST(HttpRequest.BodyPublishers.ofString(rules))
        val answer = HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString())
        check(answer.statusCode() == 200) { answer.body() }
    }

    override fun close() {
        process.destroy()
        process.waitFor()
    }
}

/** A server on loopback that answers as a block says; tokens are its own business. */
class Scripted(threads: Int = 8, answer: (HttpExchange) -> Unit) : AutoCloseable {
    private val executor = Executors.newFixedThreadPool(threads)
    private val server = HttpServer.create(InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0)
    val baseUrl: String = "http://127.0.0.1:${server.address.port}/v2"

    init {
        server.executor = executor
        server.createContext("/v2/oauth/token") {
            it.requestBody.readAllBytes()
            it.answer("""{"accessToken": "t", "issuedAt": ${now()}, "expiresAt": ${now() + 86_400_000}}""".toByteArray())
        }
        server.createContext("/") {
            // Read in any case, or the connection cannot be used again.
            it.setStreams(ByteArrayInputStream(it.requestBody.readAllBytes()), null)
            answer(it)
        }
        server.start()
    }

    fun client(): ImageIntelligence = ImageIntelligence("local", "local", baseUrl)

    override fun close() {
        server.stop(0)
        executor.shutdownNow()
    }

    private fun now() = System.currentTimeMillis()
}

fun HttpExchange.answer(body: ByteArray, status: Int = 200) {
    responseHeaders.add("Content-Type", "application/json")
    sendResponseHeaders(status, if (body.isEmpty()) -1 else body.size.toLong())
    responseBody.use { it.write(body) }
}

/** What a server was asked: the path is that below the base URL, as it came. */
class Asked(val method: String, val path: String, val query: String?, val body: JsonObject?, val authorized: Boolean)

/** What it is to answer. */
class Answer(val body: String, val status: Int = 200, val location: String? = null)

/** A server that keeps what it was asked. */
class Recording(answer: (Asked) -> Answer) : AutoCloseable {
    val asked: MutableList<Asked> = CopyOnWriteArrayList()
    private val server = Scripted { exchange ->
        val body = exchange.requestBody.readAllBytes().decodeToString()
        val path = exchange.requestURI.rawPath.removePrefix("/v2")
        val authorized = exchange.requestHeaders.containsKey("Authorization")
        val json = if (body.isEmpty()) null else Json.parseToJsonElement(body).jsonObject
        val said = Asked(exchange.requestMethod, path, exchange.requestURI.rawQuery, json, authorized)
        asked += said
        val answered = answer(said)
        answered.location?.let { exchange.responseHeaders.add("Location", it) }
        exchange.answer(answered.body.toByteArray(), answered.status)
    }
    val baseUrl: String get() = server.baseUrl

    fun client(): ImageIntelligence = server.client()

    override fun close() = server.close()
}
