// The border leaks nothing: ten thousand calls, a thousand of them cancelled in flight.
package com.imageintelligence

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import org.junit.jupiter.api.Timeout
import java.io.BufferedInputStream
import java.io.File
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.util.concurrent.Semaphore
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue

class LeakTest {
    private val pictures = List(2) { Image.url("https://a.example/$it.jpg") }

    @Test
    @Timeout(120)
    fun `ten thousand calls, a thousand cancelled in flight, leave nothing behind`() {
        Hanging().use { server ->
            ImageIntelligence("local", "local", server.baseUrl).use { client ->
                runBlocking(Dispatchers.Default) { round(client, server, calls = 1_800, cancelled = 200) }
                val before = Held.now()
                runBlocking(Dispatchers.Default) { round(client, server, calls = 7_200, cancelled = 800) }
                val after = Held.now()
                println("memory and threads after 2,000 calls: $before; after 10,000: $after")
                // The heap is of one size; the JVM still compiles, and starts a thread now and then. A leak would be 8,000 of something.
                assertTrue(after.memory - before.memory < 24 * 1024, "$before, then $after")
                assertTrue(after.threads <= before.threads + 8, "$before, then $after")
                assertTrue(after.files <= before.files + 8, "$before, then $after")
                assertEquals(0, waitingContinuations())
            }
            assertEquals(1_000, server.hung.get())
        }
    }

    private suspend fun round(client: ImageIntelligence, server: Hanging, calls: Int, cancelled: Int) = coroutineScope {
        List(40) {
            async {
                val identities = client.recognition("staff").identities
                repeat(calls / 40) { at ->
                    assertEquals("1", client.detectJobs.get("1").id)
                    // Rows that are left after the first page, and jobs that cross as one of four kinds.
                    if (at % 9 == 0) assertEquals("1", identities.all().first().id)
                    if (at % 9 == 1) assertEquals("1", client.matchJobs.search().single().id)
                    // Runs, each left at its first result.
                    if (at % 9 == 2) assertEquals("1", client.detectAll(pictures, listOf("person")).first().jobId)
                }
            }
        }.awaitAll()
        repeat(cancelled / 40) {
            val calling = List(40) { launch { client.detectJobs.get("hang") } }
            // In flight is when the server has the request in hand.
            withContext(Dispatchers.IO) { assertTrue(server.inHand.tryAcquire(40, 20, TimeUnit.SECONDS), "requests are missing") }
            calling.forEach { it.cancelAndJoin() }
            // Every one of them lets go of its connection.
            withContext(Dispatchers.IO) { assertTrue(server.letGo.tryAcquire(40, 20, TimeUnit.SECONDS), "connections stayed open") }
        }
    }

    /** What the process holds, after a collection: memory that is in use (KiB), threads, open files. */
    private data class Held(val memory: Long, val threads: Int, val files: Int) {
        companion object {
            fun now(): Held {
                repeat(3) { System.gc() }
                val status = File("/proc/self/status").readLines().associate { it.substringBefore(':') to it.substringAfter(':').trim() }
                val number = { key: String -> status.getValue(key).substringBefore(' ').toLong() }
                // The server is of this process too; its threads are not the border's.
                val threads = File("/proc/self/task").listFiles()!!.count { runCatching { File(it, "comm").readText().trim() }.getOrDefault(Hanging.NAME) != Hanging.NAME }
                return Held(number("RssAnon"), threads, File("/proc/self/fd").list()!!.size)
            }
        }
    }

    /** uniffi's own list of coroutines that Rust has yet to wake. */
    private fun waitingContinuations(): Int {
        val file = Class.forName("com.imageintelligence.ffi.Image_intelligence_mobileKt")
        val map = file.getMethod("getUniffiContinuationHandleMap").invoke(null)
        return map.javaClass.methods.single { it.name == "getSize" }.invoke(map) as Int
    }
}

/** Answers every request but those for the job `hang`, and sees connections close. */
private class Hanging : AutoCloseable {
    private val server = ServerSocket(0, 200, InetAddress.getLoopbackAddress())
    val baseUrl = "http://127.0.0.1:${server.localPort}/v2"
    val hung = AtomicInteger()
    val inHand = Semaphore(0)
    val letGo = Semaphore(0)

    init {
        thread(isDaemon = true) {
            while (!server.isClosed) {
                val socket = runCatching { server.accept() }.getOrNull() ?: break
                thread(isDaemon = true, name = NAME) {
                    val hung = socket.use { runCatching { serve(it) }.getOrDefault(false) }
                    if (hung) letGo.release()
                }
            }
        }
    }

    /** Serves until the other side hangs up, and says whether it did so over a request that hung. */
    private fun serve(socket: Socket): Boolean {
        socket.tcpNoDelay = true
        val input = BufferedInputStream(socket.getInputStream())
        while (true) {
            val head = line(input) ?: return false
            var length = 0
            while (true) {
                val header = line(input) ?: return false
                if (header.isEmpty()) break
                if (header.startsWith("content-length:", ignoreCase = true)) length = header.substringAfter(':').trim().toInt()
            }
            input.readNBytes(length)
            if ("/detect/hang" in head) {
                hung.incrementAndGet()
                inHand.release()
                while (input.read() >= 0) Unit
                return true
            }
            val body = when {
                "/oauth/token" in head -> TOKEN
                "/search" in head || "/match" in head -> "[$JOB]"
                else -> JOB
            }
            socket.getOutputStream().write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n$body".toByteArray())
        }
    }

    private fun line(input: BufferedInputStream): String? {
        val text = StringBuilder()
        while (true) {
            when (val byte = input.read()) {
                -1 -> return null
                '\n'.code -> return text.removeSuffix("\r").toString()
                else -> text.append(byte.toChar())
            }
        }
    }

    override fun close() = server.close()

    companion object {
        const val NAME = "hanging-server"
        private const val JOB = """{"id": "1", "jobResults": [], "imageResults": [], "status": "COMPLETED_SUCCESSFULLY"}"""
        private val TOKEN = System.currentTimeMillis().let { """{"accessToken": "t", "issuedAt": $it, "expiresAt": ${it + 86_400_000}}""" }
    }
}
