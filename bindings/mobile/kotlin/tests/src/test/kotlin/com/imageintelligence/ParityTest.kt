// The surface and the table of calls, held against one another both ways.
package com.imageintelligence

import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import java.io.File
import java.lang.reflect.Modifier
import java.util.jar.JarFile
import kotlin.reflect.KClass
import kotlin.reflect.KVisibility
import kotlin.reflect.full.companionObject
import kotlin.reflect.full.declaredMembers
import kotlin.reflect.full.isSubclassOf
import kotlin.reflect.full.primaryConstructor
import kotlin.reflect.jvm.kotlinFunction
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue

class ParityTest {
    private val table = Json.parseToJsonElement(File(handedOver("II_PARITY_JSON")).readText()).jsonObject.getValue("kotlin").jsonObject
    private fun part(name: String): Map<String, List<String>> =
        table.getValue(name).jsonObject.mapValues { (_, names) -> names.jsonArray.map { it.jsonPrimitive.content } }

    private val named: Set<String> =
        (listOf("calls", "types", "errors").flatMap { part(it).values.flatten() } + table.getValue("own").jsonObject.keys).toSet()

    private val surface: Set<String> = classes().flatMap { members(it.kotlin) }.toSet() + functions()

    @Test
    fun `every name of the table is there`() {
        val missing = named.filterNot { it in surface || exists("models", it) || exists("ffi", it) }
        assertEquals(emptyList(), missing, "in tests/parity.toml and not in the jar")
    }

    @Test
    fun `every public name is in the table`() {
        assertTrue(surface.size > 30, "the surface was not found: $surface")
        assertEquals(emptyList(), (surface - named).sorted(), "in the jar and not in tests/parity.toml")
    }

    @Test
    fun `every kind of error has its class`() {
        val kinds = part("errors") - "any"
        assertEquals(21, kinds.size)
        for ((kind, names) in kinds) {
            val error = Class.forName("com.imageintelligence." + names.single().replace('.', '$')).kotlin
            assertTrue(error.isSubclassOf(ImageIntelligenceException::class), kind)
        }
        assertEquals(kinds.size, ImageIntelligenceException::class.sealedSubclasses.size)
    }

    private fun exists(room: String, name: String): Boolean =
        runCatching { Class.forName("com.imageintelligence.$room.$name") }.isSuccess

    /** The classes of our own package, without those inside others and the files of functions. */
    private fun classes(): List<Class<*>> = inJar().filter { '$' !in it && !it.endsWith("Kt") }.map { Class.forName(it) }

    private fun inJar(): List<String> =
        JarFile(File(ImageIntelligence::class.java.protectionDomain.codeSource.location.toURI())).use { jar ->
            jar.entries().asSequence().map { it.name }.filter { OURS.matches(it) }
                .map { it.removeSuffix(".class").replace('/', '.') }.toList()
        }

    private fun members(type: KClass<*>): List<String> {
        if (type.visibility != KVisibility.PUBLIC) return emptyList()
        val name = type.simpleName!!
        // An error counts by its name alone; the classes of the sealed one are names of their own.
        if (type == ImageIntelligenceException::class) return type.sealedSubclasses.map { "$name.${it.simpleName}" } + name
        val fields = if (type.isData) type.primaryConstructor!!.parameters.mapNotNull { it.name } else emptyList()
        val declared = listOfNotNull(type, type.companionObject).flatMap { it.declaredMembers }
        val public = declared.filter { it.visibility == KVisibility.PUBLIC && it.name !in fields && !USUAL.matches(it.name) }
        return public.map { "$name.${it.name}" } + name
    }

    /** The functions and properties that stand in no class. */
    private fun functions(): List<String> = inJar().filter { it.endsWith("Kt") && '$' !in it }.flatMap { file ->
        Class.forName(file).declaredMethods.filter { Modifier.isPublic(it.modifiers) && !it.isSynthetic }.mapNotNull { method ->
            val function = runCatching { method.kotlinFunction }.getOrNull()
            when {
                function != null -> function.name.takeIf { function.visibility == KVisibility.PUBLIC }
                // A property's getter.
                method.name.startsWith("get") -> method.name.removePrefix("get").replaceFirstChar(Char::lowercase)
                else -> method.name
            }
        }
    }

    private companion object {
        val OURS = Regex("com/imageintelligence/[^/]+\\.class")
        val USUAL = Regex("toString|equals|hashCode|copy|component\\d+")
    }
}
