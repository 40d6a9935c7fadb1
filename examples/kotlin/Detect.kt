// Ask which pictures show a person, and wait for the answer. Pictures are files or URLs, named on the command line.
package detect

import com.imageintelligence.DetectClass
import com.imageintelligence.Image
import com.imageintelligence.ImageIntelligence
import com.imageintelligence.errors
import com.imageintelligence.found
import com.imageintelligence.image
import com.imageintelligence.models.Verify
import kotlinx.coroutines.runBlocking
import kotlin.time.Duration.Companion.seconds

fun main(pictures: Array<String>): Unit = runBlocking {
    val images = pictures.ifEmpty { arrayOf("examples/photos/astronaut.jpg") }
        .map { if ("://" in it) Image.url(it) else Image.file(it) }

    ImageIntelligence.fromEnv().use { client ->                  // II_BASE_URL, II_CLIENT_ID, II_CLIENT_SECRET
        val classes = listOf(DetectClass("person"), DetectClass("car", verify = Verify.Never))
        val job = client.detect(images, classes)                 // an id, a resume token
        val result = job.wait(timeout = 60.seconds)

        for (hit in result.found("person")) println("${hit.image.name} ${"%.2f".format(hit.confidence)}")
        // A picture that could not be looked at is part of the result, not an error.
        for (failed in result.errors()) System.err.println("${failed.image.name}: ${failed.status}")
    }
}
