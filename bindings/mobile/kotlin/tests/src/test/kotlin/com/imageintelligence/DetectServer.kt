// A server of detect jobs, of which a test says when they are done.
package com.imageintelligence

import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.Semaphore
import java.util.concurrent.TimeUnit
import kotlin.test.assertTrue

/**
 * Makes detect jobs, `job-0` and on, and keeps what each was sent. A job is done once [done] says so of its number: then each
 * picture shows a person, but for one of a URL that ends in `cobwebs`, which could not be looked at.
 */
class DetectServer(private val done: (Int) -> Boolean = { true }) : AutoCloseable {
    /** The bodies that came, by the numbers of their jobs. */
    val jobs: MutableList<JsonObject> = CopyOnWriteArrayList()
    private val made = Semaphore(0)

    private val server = Recording { asked ->
        when {
            asked.method == "POST" -> make(asked.body!!)
            asked.path == "/detect" -> Answer(jobs.indices.joinToString(",", "[", "]") { job(it) })
            asked.path == "/detect/job-lost" -> Answer("{}", status = 404)
            else -> Answer(job(asked.path.substringAfterLast('-').toInt()))
        }
    }

    /** How many pictures each job has. */
    val sizes: List<Int> get() = jobs.map { pictures(it).size }

    val baseUrl: String get() = server.baseUrl

    fun client(): ImageIntelligence = server.client()

    /** Waits until so many jobs more were made. */
    fun await(jobs: Int) = assertTrue(made.tryAcquire(jobs, 20, TimeUnit.SECONDS), "jobs are missing: ${this.jobs.size}")

    @Synchronized
    private fun make(body: JsonObject): Answer {
        jobs += body
        made.release()
        return Answer("""{"id": "job-${jobs.size - 1}", "status": "IN_PROGRESS", "createdAt": $CREATED, "customId": "${body.text("customId")}"}""")
    }

    private fun job(number: Int): String {
        val (body, done) = jobs[number] to done(number)
        val status = if (done) "COMPLETED_SUCCESSFULLY" else "IN_PROGRESS"
        // Not in the order in which they were sent: what ties a result to its picture is the name.
        val results = pictures(body).reversed().filter { done }.map { image ->
            val bad = image.text("url").orEmpty().endsWith("cobwebs")
            val seen = if (bad) """"SPIDERWEBS_ERROR", "objects": []""" else """"COMPLETED_SUCCESSFULLY", "objects": [{"class": "person", "confidence": 0.9}]"""
            """{"customId": "${image.text("customId")}", "status": $seen}"""
        }
        return """{"id": "job-$number", "status": "$status", "createdAt": $CREATED, "customId": "${body.text("customId")}", "jobResults": [], "imageResults": $results}"""
    }

    override fun close() = server.close()

    companion object {
        private const val CREATED = 1_487_648_348_000

        fun pictures(body: JsonObject): List<JsonObject> = body.getValue("images").jsonArray.map { it.jsonObject }
    }
}
