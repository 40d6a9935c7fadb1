// What goes into a job: pictures, classes, a target, examples.
package com.imageintelligence

import com.imageintelligence.ffi.Picture
import com.imageintelligence.ffi.Source
import com.imageintelligence.models.Verify
import java.io.File
import java.nio.file.Path

/** A picture to send. */
public class Image private constructor(private val source: Source, private val name: String?) {
    /** Gives it a name of your own, at most 64 characters, which comes back with its result. */
    public fun customId(id: String): Image = Image(source, id)

    /** Crosses the border; [at] names the picture where it cannot. */
    internal fun toPicture(at: String): Picture {
        when (source) {
            is Source.Url -> whole("$at.url", source.url)
            is Source.File -> whole("$at.file", source.path)
            is Source.Bytes, is Source.Refused -> Unit
        }
        whole("$at.customId", name)
        return Picture(source, name)
    }

    override fun toString(): String {
        val what = when (source) {
            is Source.Url -> shown(source.url)
            is Source.File -> source.path
            is Source.Bytes -> "${source.bytes.size} bytes"
            is Source.Refused -> source.message
        }
        return if (name == null) "Image($what)" else "Image($what, customId=$name)"
    }

    // The query of a presigned URL, and a password before the host, let anybody fetch what lies there.
    private fun shown(url: String): String {
        val bare = url.substringBefore('#').substringBefore('?')
        val authority = bare.substringAfter("://", "").substringBefore('/')
        return bare.replaceFirst(authority, authority.substringAfterLast('@'))
    }

    public companion object {
        /** A picture that the service fetches: at most 512 characters of URL, public, answering with the picture itself. */
        public fun url(url: String): Image = Image(Source.Url(url), null)

        /** A file that goes along. It is read when the job is sent. */
        public fun file(path: String): Image = Image(Source.File(path), null)

        /** A file that goes along. It is read when the job is sent. */
        public fun file(file: File): Image = file(file.path)

        /** A file that goes along. It is read when the job is sent. */
        public fun file(path: Path): Image = file(path.toString())

        /** A picture that goes along: the bytes of the file, JPEG or the like, not base64. */
        public fun bytes(bytes: ByteArray): Image = Image(Source.Bytes(bytes), null)
    }
}

/** A class to look for: its name, whether a human should check what is found ([Verify.Auto] if not said), and where not to look. */
public fun DetectClass(
    name: String,
    // It may be null so that this is not the signature of the constructor, which has no defaults.
    verify: Verify? = null,
    exclusionZones: ExclusionZones? = null,
): DetectClass = DetectClass(`class` = name, verify = verify ?: Verify.Auto, exclusionZones = exclusionZones)

/**
 * Cells of a square grid, laid evenly over the picture, in which a class is not looked for: rows from the top, each from
 * the left, 1 leaves the cell out. As many rows as columns, at most [size], which is 16, 32, 64 or 128.
 */
public fun ExclusionZones(rows: List<List<Int>>, size: Int = 64): ExclusionZones {
    // What does not fit is no 0 and no 1, which core says better than a wrapped number would.
    val cell = { value: Int -> if (value in 0..255) value.toByte() else 255.toByte() }
    return ExclusionZones(
        kind = "GRID",
        size = if (size < 0) 0u else size.toUInt(),
        zones = rows.map { row -> ByteArray(row.size) { cell(row[it]) } },
    )
}

/**
 * What a match job looks for: a class, and 1 to 3 pictures that show this one of it.
 *
 * @param name what sort of thing it is, such as `dog`
 * @param images their URLs, each of at most 512 characters
 * @param customId a name of your own, at most 64 characters
 */
public fun Target(
    name: String,
    // No list, so that it is plain which is meant where all three have their names: the constructor, which does the same.
    images: Collection<String>,
    customId: String? = null,
): Target = Target(name, customId, images.toList())

/** Pictures for which the answer is known: 1 to 3 URLs for yes, 1 to 3 for no, or only one of the two. */
public fun Examples(yes: List<String> = emptyList(), no: List<String> = emptyList()): Examples {
    // Said to be null, so that the constructor is meant, and not this.
    val known = { urls: List<String> -> if (urls.isEmpty()) null else urls }
    return Examples(known(yes), known(no))
}
