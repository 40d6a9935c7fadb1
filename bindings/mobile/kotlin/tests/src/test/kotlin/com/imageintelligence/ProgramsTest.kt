// The programs that a person would write, run as programs of their own: the README's, and examples/kotlin.
package com.imageintelligence

import java.io.File
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue

class ProgramsTest {
    @Test
    fun `the README's programs find the person`() {
        val programs = File(handedOver("II_README_DIR")).list { _, name -> name.endsWith(".kt") }.orEmpty()
        assertTrue(programs.isNotEmpty(), "the README has no program in Kotlin")
        for (program in programs) {
            val printed = run(program.removeSuffix(".kt") + "Kt")
            assertTrue(Regex("astronaut\\.jpg 0\\.73").containsMatchIn(printed), "$program printed: $printed")
        }
    }

    @Test
    fun `the example takes pictures by name`() {
        val photos = listOf("astronaut", "rocket").map { "examples/photos/$it.jpg" }
        assertEquals("examples/photos/astronaut.jpg 0.73\n", run("detect.DetectKt", *photos.toTypedArray()))
    }

    private fun run(main: String, vararg arguments: String): String = Service().use { service ->
        val java = File(System.getProperty("java.home"), "bin/java").path
        val classes = System.getProperty("surefire.test.class.path") ?: System.getProperty("java.class.path")
        val process = ProcessBuilder(java, "-cp", classes, main, *arguments)
            .directory(root)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .apply { environment() += mapOf("II_BASE_URL" to service.baseUrl, "II_CLIENT_ID" to "local", "II_CLIENT_SECRET" to "local") }
            .start()
        process.outputStream.close()
        val printed = process.inputStream.bufferedReader().readText()
        assertEquals(0, process.waitFor(), "$main printed: $printed")
        printed
    }
}
