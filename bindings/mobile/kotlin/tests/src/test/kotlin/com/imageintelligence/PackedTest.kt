// The packed jar: these tests run against it, it carries the native library, and the library carries no model.
package com.imageintelligence

import java.io.File
import java.util.jar.JarFile
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue

class PackedTest {
    private val jar = File(ImageIntelligence::class.java.protectionDomain.codeSource.location.toURI())

    @Test
    fun `the tests run against the packed jar`() {
        assertTrue(jar.isFile && jar.extension == "jar", "$jar is no jar")
    }

    @Test
    fun `the jar carries the native library and nothing strange`() = JarFile(jar).use { packed ->
        val names = packed.entries().asSequence().filter { !it.isDirectory }.map { it.name }.toList()
        val strange = names.filterNot { it.startsWith("META-INF/") || it.startsWith("com/imageintelligence/") || LIBRARY.matches(it) }
        assertEquals(emptyList(), strange)
        val library = names.single { LIBRARY.matches(it) }
        val bytes = packed.getInputStream(packed.getEntry(library)).use { it.readAllBytes() }
        println("$library: ${bytes.size} bytes, the jar ${jar.length()} (goal: 6 MB each)")
        // What is shipped is built smaller than what is tested.
        assertTrue(bytes.size < 9_000_000, "$library has ${bytes.size} bytes; is it stripped?")
        // The detector belongs to the server: neither its weights nor what runs them may have come along.
        val text = String(bytes, Charsets.ISO_8859_1)
        for (trace in listOf("nanodet", "onnx", "ONNX", "rten-0", "rten::")) {
            assertFalse(trace in text, "$library speaks of $trace")
        }
        assertTrue("image_intelligence" in text)
    }

    private companion object {
        val LIBRARY = Regex("[a-z0-9-]+/(lib)?image_intelligence_mobile\\.(so|dylib|dll)")
    }
}
