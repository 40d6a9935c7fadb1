// Recognition: what the service keeps of faces, in a namespace.
import Foundation
import ImageIntelligenceNative

/// Recognition in one namespace: `client.recognition("staff")`.
public struct Recognition: Sendable {
    let native: NativeRecognition

    /// Whom the service knows.
    public var identities: Identities { Identities(native: native) }
    /// The pictures of faces.
    public var images: FaceImages { FaceImages(native: native) }
    /// The groups that the service makes of faces.
    public var groups: FaceGroups { FaceGroups(native: native) }
    /// Recognize jobs that were made before.
    public var jobs: RecognizeJobs { RecognizeJobs(native: native) }
}

/// What a search of recognition is after; every condition must hold.
public typealias RecognitionSearch = ImageIntelligenceNative.RecognitionSearch
/// Which names a row may have: any, none, or one of some. That it has none is not the same as that it does not matter.
public typealias NameFilter = ImageIntelligenceNative.NameFilter
/// In which order of their making rows come.
public typealias SortOrder = ImageIntelligenceNative.SortOrder
/// Somebody, as the service knows them: by pictures of their face.
public typealias Identity = ImageIntelligenceNative.Identity
/// A picture of one face.
public typealias FaceImage = ImageIntelligenceNative.FaceImage
/// Faces that the service takes for those of one person.
public typealias FaceGroup = ImageIntelligenceNative.FaceGroup
/// Who tied a group to an identity.
public typealias LinkModifier = ImageIntelligenceNative.LinkModifier

extension RecognitionSearch {
    /// `limit` is 1 to 100 rows, 20 where it is not given, and `offset` 0 to 100: together they reach 200 rows; beyond, narrow
    /// by time, or ask for all of them. At most 100 `ids`, 20 `feedIds`, 20 `customIds`. The newest rows come first where
    /// `sortBy` is not given.
    public init(
        limit: Int? = nil, offset: Int? = nil, start: Date? = nil, end: Date? = nil, sortBy: SortOrder? = nil,
        ids: [String]? = nil, feedIds: NameFilter = .any, customIds: NameFilter = .any
    ) {
        // What is below none is as wrong as what is far too much, and core says so.
        let count = { (rows: Int?) -> UInt32? in rows.map { UInt32(exactly: $0) ?? .max } }
        self.init(
            limit: count(limit), offset: count(offset), start: start, end: end, sortBy: sortBy, ids: ids,
            feedIds: feedIds, customIds: customIds)
    }
}

/// Every row of a search, each once: a page is fetched when the rows before it have been taken.
public struct Rows<Row: Sendable>: AsyncSequence, Sendable {
    public typealias Element = Row

    let begin: @Sendable () -> NativeRows
    let taken: @Sendable (Found) -> Row

    public func makeAsyncIterator() -> Iterator { Iterator(rows: begin(), taken: taken) }

    public struct Iterator: AsyncIteratorProtocol {
        let rows: NativeRows
        let taken: @Sendable (Found) -> Row
        var page: ArraySlice<Found> = []

        public mutating func next() async throws -> Row? {
            let rows = rows
            while page.isEmpty {
                guard let next = try await crossing({ try await rows.nextPage(cancel: $0) }) else { return nil }
                page = next[...]
            }
            return taken(page.removeFirst())
        }
    }
}

/// Whom the service knows: `Recognition.identities`.
public struct Identities: Sendable {
    let native: NativeRecognition

    /// Makes somebody known, with a name of your own (at most 256 characters) and pictures of their face that recognize jobs
    /// found, or without.
    ///
    /// It is sent once: where the answer is lost, that is `ImageIntelligenceError.outcomeUnknown`.
    public func create(customId: String? = nil, imageIds: [String]? = nil) async throws -> Identity {
        try await crossing {
            try await native.createIdentity(customId: customId, imageIds: imageIds, cancel: $0)
        }
    }

    /// Somebody by their id. Fails with `ImageIntelligenceError.notFound` where the API does not know it.
    public func get(_ id: String) async throws -> Identity {
        identity(try await crossing { try await native.get(room: .identities, id: id, cancel: $0) })
    }

    /// Changes a name, adds pictures or takes them away, by their ids: at most 20 of each at once. An identity without
    /// pictures stays. It is sent once, as `create` is.
    public func update(
        _ id: String, customId: String? = nil, add: [String] = [], remove: [String] = []
    ) async throws -> Identity {
        try await crossing {
            try await native.updateIdentity(id: id, customId: customId, add: add, remove: remove, cancel: $0)
        }
    }

    /// Forgets somebody; the pictures of their face are nobody's then. It is sent once, as `create` is.
    public func delete(_ id: String) async throws {
        try await crossing { try await native.deleteIdentity(id: id, cancel: $0) }
    }

    /// One page of a search: at most 100 identities.
    public func search(_ search: RecognitionSearch = RecognitionSearch()) async throws -> [Identity] {
        try await native.page(.identities, search).map(identity)
    }

    /// Every identity that a search is after, beyond the 200 that pages reach.
    public func all(_ search: RecognitionSearch = RecognitionSearch()) -> Rows<Identity> {
        native.rows(.identities, search, identity)
    }
}

/// The pictures of faces: `Recognition.images`.
public struct FaceImages: Sendable {
    let native: NativeRecognition

    /// What is known of a picture. Fails with `ImageIntelligenceError.notFound` where the API does not know it.
    public func get(_ id: String) async throws -> FaceImage {
        faceImage(try await crossing { try await native.get(room: .images, id: id, cancel: $0) })
    }

    /// The picture itself, a JPEG. The API says where it is, and it is fetched from there, without the token.
    public func picture(_ id: String) async throws -> Data {
        try await crossing { try await native.picture(id: id, cancel: $0) }
    }

    /// One page of a search: at most 100 pictures.
    public func search(_ search: RecognitionSearch = RecognitionSearch()) async throws -> [FaceImage] {
        try await native.page(.images, search).map(faceImage)
    }

    /// Every picture that a search is after, beyond the 200 that pages reach.
    public func all(_ search: RecognitionSearch = RecognitionSearch()) -> Rows<FaceImage> {
        native.rows(.images, search, faceImage)
    }
}

/// The groups that the service makes of faces: `Recognition.groups`.
public struct FaceGroups: Sendable {
    let native: NativeRecognition

    /// A group by its id. Fails with `ImageIntelligenceError.notFound` where the API does not know it.
    public func get(_ id: String) async throws -> FaceGroup {
        group(try await crossing { try await native.get(room: .groups, id: id, cancel: $0) })
    }

    /// One page of a search: at most 100 groups.
    public func search(_ search: RecognitionSearch = RecognitionSearch()) async throws -> [FaceGroup] {
        try await native.page(.groups, search).map(group)
    }

    /// Every group that a search is after, beyond the 200 that pages reach.
    public func all(_ search: RecognitionSearch = RecognitionSearch()) -> Rows<FaceGroup> {
        native.rows(.groups, search, group)
    }
}

/// Recognize jobs that were made before: `Recognition.jobs`.
public struct RecognizeJobs: Sendable {
    let native: NativeRecognition

    /// The job as it is now. Fails with `ImageIntelligenceError.notFound` where the API does not know it.
    public func get(_ id: String) async throws -> RecognizeJob {
        recognizeJob(try await crossing { try await native.get(room: .jobs, id: id, cancel: $0) })
    }

    /// One page of a search: at most 100 jobs.
    public func search(_ search: RecognitionSearch = RecognitionSearch()) async throws -> [RecognizeJob] {
        try await native.page(.jobs, search).map(recognizeJob)
    }

    /// Every job that a search is after, beyond the 200 that pages reach.
    public func all(_ search: RecognitionSearch = RecognitionSearch()) -> Rows<RecognizeJob> {
        native.rows(.jobs, search, recognizeJob)
    }
}

extension NativeRecognition {
    fileprivate func page(_ room: Room, _ search: RecognitionSearch) async throws -> [Found] {
        try await crossing { try await self.search(room: room, search: search, cancel: $0) }
    }

    fileprivate func rows<Row>(
        _ room: Room, _ search: RecognitionSearch, _ taken: @escaping @Sendable (Found) -> Row
    ) -> Rows<Row> {
        Rows(begin: { self.all(room: room, search: search) }, taken: taken)
    }
}

// Each room finds its own and nothing else.

@Sendable private func identity(_ found: Found) -> Identity {
    guard case .identity(let identity) = found else { preconditionFailure("no identity") }
    return identity
}

@Sendable private func faceImage(_ found: Found) -> FaceImage {
    guard case .image(let image) = found else { preconditionFailure("no picture of a face") }
    return image
}

@Sendable private func group(_ found: Found) -> FaceGroup {
    guard case .group(let group) = found else { preconditionFailure("no group") }
    return group
}

@Sendable private func recognizeJob(_ found: Found) -> RecognizeJob {
    guard case .job(let job) = found else { preconditionFailure("no recognize job") }
    return job
}
