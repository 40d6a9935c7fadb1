// Recognition: what the service keeps of faces, in a namespace.
package com.imageintelligence

import com.imageintelligence.ffi.Found
import com.imageintelligence.ffi.NativeRecognition
import com.imageintelligence.ffi.Room
import com.imageintelligence.models.NameFilter
import com.imageintelligence.models.SortOrder
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlin.time.Instant

/** Recognition in one namespace: `client.recognition("staff")`. */
public class Recognition internal constructor(native: NativeRecognition) {
    /** Whom the service knows. */
    public val identities: Identities = Identities(native)

    /** The pictures of faces. */
    public val images: FaceImages = FaceImages(native)

    /** The groups that the service makes of faces. */
    public val groups: FaceGroups = FaceGroups(native)

    /** Recognize jobs that were made before. */
    public val jobs: RecognizeJobs = RecognizeJobs(native)
}

/**
 * What a search of recognition is after; every condition must hold. [limit] and [offset] reach 200 rows: beyond, narrow by
 * time, or ask for all of them.
 *
 * ```kotlin
 * val unnamed = RecognitionSearch(limit = 100, customIds = NameFilter.None)
 * ```
 *
 * @param limit at most so many rows, 1 to 100; 20 where it is not given
 * @param offset how many rows to pass over, 0 to 100
 * @param start made at this moment or later
 * @param end made at this moment or before
 * @param sortBy in which order of their making; the newest first where it is not given
 * @param ids only those of these ids, at most 100
 * @param feedIds which cameras or sources, at most 20
 * @param customIds which of your names, at most 20; [NameFilter.None] is those that have none
 */
public fun RecognitionSearch(
    limit: Int? = null,
    offset: Int? = null,
    start: Instant? = null,
    end: Instant? = null,
    sortBy: SortOrder? = null,
    ids: List<String>? = null,
    feedIds: NameFilter = NameFilter.Any,
    customIds: NameFilter = NameFilter.Any,
): RecognitionSearch =
    RecognitionSearch(count("limit", limit), count("offset", offset), start, end, sortBy, ids, feedIds, customIds)

private fun count(field: String, rows: Int?): UInt? {
    if (rows != null && rows < 0) throw invalidRequest("$field: $rows given, which is less than none")
    return rows?.toUInt()
}

/** Whom the service knows: [Recognition.identities]. */
public class Identities internal constructor(private val native: NativeRecognition) {
    private val rows = Rows(native, Room.IDENTITIES) { (it as Found.Identity).identity }

    /**
     * Makes somebody known, with a name of your own and pictures of their face, or without.
     *
     * It is sent once: where the answer is lost, that is [ImageIntelligenceException.OutcomeUnknown].
     *
     * @param customId at most 256 characters
     * @param imageIds pictures that recognize jobs found, at least one where it is given
     */
    public suspend fun create(customId: String? = null, imageIds: List<String>? = null): Identity = crossing {
        whole("customId", customId)
        whole("imageIds", imageIds)
        native.createIdentity(customId, imageIds, null)
    }

    /** Somebody by their id. Fails with [ImageIntelligenceException.NotFound] where the API does not know it. */
    public suspend fun get(id: String): Identity = rows.get(id)

    /**
     * Changes a name, adds pictures or takes them away, by their ids: at most 20 of each at once. An identity without
     * pictures stays.
     *
     * It is sent once: where the answer is lost, that is [ImageIntelligenceException.OutcomeUnknown].
     */
    public suspend fun update(
        id: String,
        customId: String? = null,
        add: List<String> = emptyList(),
        remove: List<String> = emptyList(),
    ): Identity = crossing {
        whole("id", id)
        whole("customId", customId)
        whole("images.add", add)
        whole("images.remove", remove)
        native.updateIdentity(id, customId, add, remove, null)
    }

    /** Forgets somebody; the pictures of their face are nobody's then. It is sent once, as [update] is. */
    public suspend fun delete(id: String): Unit = crossing { native.deleteIdentity(id, null) }

    /** One page of a search: at most 100 identities. */
    public suspend fun search(search: RecognitionSearch = RecognitionSearch()): List<Identity> = rows.search(search)

    /**
     * Every identity that a search is after, each once, beyond the 200 that pages reach. A page is fetched when the rows
     * before it have been collected.
     */
    public fun all(search: RecognitionSearch = RecognitionSearch()): Flow<Identity> = rows.all(search)
}

/** The pictures of faces: [Recognition.images]. */
public class FaceImages internal constructor(private val native: NativeRecognition) {
    private val rows = Rows(native, Room.IMAGES) { (it as Found.Image).image }

    /** What is known of a picture. Fails with [ImageIntelligenceException.NotFound] where the API does not know it. */
    public suspend fun get(id: String): FaceImage = rows.get(id)

    /** The picture itself, a JPEG. The API says where it is, and it is fetched from there, without the token. */
    public suspend fun picture(id: String): ByteArray = crossing { native.picture(id, null) }

    /** One page of a search: at most 100 pictures. */
    public suspend fun search(search: RecognitionSearch = RecognitionSearch()): List<FaceImage> = rows.search(search)

    /** Every picture that a search is after: see [Identities.all]. */
    public fun all(search: RecognitionSearch = RecognitionSearch()): Flow<FaceImage> = rows.all(search)
}

/** The groups that the service makes of faces: [Recognition.groups]. */
public class FaceGroups internal constructor(native: NativeRecognition) {
    private val rows = Rows(native, Room.GROUPS) { (it as Found.Group).group }

    /** A group by its id. Fails with [ImageIntelligenceException.NotFound] where the API does not know it. */
    public suspend fun get(id: String): FaceGroup = rows.get(id)

    /** One page of a search: at most 100 groups. */
    public suspend fun search(search: RecognitionSearch = RecognitionSearch()): List<FaceGroup> = rows.search(search)

    /** Every group that a search is after: see [Identities.all]. */
    public fun all(search: RecognitionSearch = RecognitionSearch()): Flow<FaceGroup> = rows.all(search)
}

/** Recognize jobs that were made before: [Recognition.jobs]. */
public class RecognizeJobs internal constructor(native: NativeRecognition) {
    private val rows = Rows(native, Room.JOBS) { (it as Found.Job).job }

    /** The job as it is now. Fails with [ImageIntelligenceException.NotFound] where the API does not know it. */
    public suspend fun get(id: String): RecognizeJob = rows.get(id)

    /** One page of a search: at most 100 jobs. */
    public suspend fun search(search: RecognitionSearch = RecognitionSearch()): List<RecognizeJob> = rows.search(search)

    /** Every job that a search is after: see [Identities.all]. */
    public fun all(search: RecognitionSearch = RecognitionSearch()): Flow<RecognizeJob> = rows.all(search)
}

/** What each of the four has alike. */
private class Rows<T>(private val native: NativeRecognition, private val room: Room, private val taken: (Found) -> T) {
    suspend fun get(id: String): T = crossing { taken(native.get(room, id, null)) }

    suspend fun search(search: RecognitionSearch): List<T> = crossing {
        checked(search)
        native.search(room, search, null).map(taken)
    }

    fun all(search: RecognitionSearch): Flow<T> = flow {
        crossing {
            checked(search)
            native.all(room, search)
        }.use { rows ->
            while (true) {
                val page = crossing { rows.nextPage(null) } ?: break
                for (row in page) emit(taken(row))
            }
        }
    }

    private fun checked(search: RecognitionSearch) {
        whole("ids", search.ids)
        whole("feedIds", (search.feedIds as? NameFilter.OneOf)?.names)
        whole("customIds", (search.customIds as? NameFilter.OneOf)?.names)
    }
}
