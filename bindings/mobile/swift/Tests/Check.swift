// What only a Swift program can show: cancellation reaches the request, errors arrive as their cases, the rest is as in
// the other languages. Run by ../check.sh against `ii serve --progression never`.
import Foundation
import ImageIntelligence

func check(_ holds: Bool, _ what: String) {
    guard holds else { fatalError("Swift: \(what)") }
}

/// The error of ours that comes.
func refused(_ call: () async throws -> Any) async -> ImageIntelligenceError {
    do {
        let given = try await call()
        fatalError("Swift: nothing was refused; it gave \(given)")
    } catch let error as ImageIntelligenceError {
        return error
    } catch {
        fatalError("Swift: \(error) is none of ours")
    }
}

@main
struct Check {
    static func main() async throws {
        let client = try ImageIntelligence.fromEnvironment()
        let photo = try Data(contentsOf: URL(fileURLWithPath: "examples/photos/astronaut.jpg"))
        let job = try await client.detect([.data(photo).customId("mine")], classes: ["person"], customId: "a job")
        check(job.customId == "a job" && job.resumeToken.hasPrefix("ii1_"), "the handle")
        check(abs(job.createdAt.timeIntervalSinceNow) < 60, "the moment")
        let seen = try await client.detectJobs.get(job.id)
        check(seen.status == .inProgress && !seen.isDone && "\(seen.status)" == "IN_PROGRESS", "the status")

        guard case .waitTimeout(let details) = await refused({ try await job.wait(timeout: .milliseconds(10)) }) else {
            fatalError("Swift: not a time-out")
        }
        check(details.resumeToken == job.resumeToken && details.lastStatus == .inProgress && details.retryable, "the details")
        let again = try client.resume(job.resumeToken, as: DetectHandle.self)
        check(again.id == job.id, "the job taken up again")

        guard case .detect(let same) = try client.resume(job.resumeToken), same.id == job.id else {
            fatalError("Swift: not a detect job")
        }
        let wrong = await refused { try client.resume(job.resumeToken, as: MatchHandle.self) }
        check(wrong.name == "resume_token", "a token of another kind")
        let found = try await client.detectJobs.search(customId: "a job")
        check(found.map(\.id) == [job.id], "the search")

        let missing = await refused { try await client.detectJobs.get("no-such-job") }
        guard case .notFound = missing else { fatalError("Swift: \(missing)") }
        check(missing.status == 404 && missing.name == "not_found", "an error's members")
        let misnamed = await refused { try await client.detect([.url("astronaut.jpg")], classes: ["person"]) }
        check(misnamed.message.contains("Image.file(\"astronaut.jpg\")"), misnamed.message)

        let waiting = Task { try await job.wait() }
        let begun = Date()
        waiting.cancel()
        do {
            _ = try await waiting.value
            fatalError("Swift: the wait was not cancelled")
        } catch is CancellationError {
            check(Date().timeIntervalSince(begun) < 5, "a cancel that took long")
        }

        let body = Data(#"{"id": "1", "status": "PAUSED", "jobResults": [{"class": "person", "image": {"url": "u", "confidence": 1}}]}"#.utf8)
        guard case .detect(let event) = try Webhooks.parse(body) else { fatalError("Swift: no detect job") }
        check(event.status == .unknown(value: "PAUSED") && event.found("person").first?.image.name == "u", "the webhook")
        let unsigned = await refused { try Webhooks.parse(body, secret: "a secret of ours") }
        check(unsigned.reason == "missing", "the signature")

        try await otherKinds(client, photo)
        try await recognition(client, job.id)
        try await manyPictures(photo)
        try await journal(photo)

        let keys = try CallbackKeys([(id: 1, master: Data(0..<32))])
        let base = "https://hooks.example.com/ii"
        let expires = Date(timeIntervalSince1970: 1_800_000_000)
        let token = try keys.mint(kind: .detect, expires: expires, rid: "000102030405060708090a0b0c0d0e0f", base: base)
        check(token == "AQEBa0nSAAABAgMEBQYHCAkKCwwNDg8FZkrLGgH_fNyb3MY_jM8j", "the token of the design's vector")
        let says = try keys.verify(token, bases: [base], now: expires.addingTimeInterval(-1))
        check(says.keyId == 1 && says.expires == expires, "the token read")

        client.close()
        guard case .closed = await refused({ try await job.get() }) else { fatalError("Swift: not closed") }
        print("checked")
    }

    static func otherKinds(_ client: ImageIntelligence, _ photo: Data) async throws {
        let rex = Target("dog", images: ["https://example.com/rex.jpg"], customId: "rex")
        let match = try await client.match([.data(photo)], target: rex, customId: "a match")
        let matched = try await match.get()
        check(!matched.isDone && matched.matched() == nil && matched.errors().isEmpty, "the match job")
        let matches = try await client.matchJobs.search(customId: "a match", before: Date(timeIntervalSinceNow: 60))
        check(matches.map(\.id) == [match.id], "the match jobs")
        guard case .match = try client.resume(match.resumeToken) else { fatalError("Swift: not a match job") }

        let examples = Examples(yes: ["https://example.com/open.jpg"])
        let ask = try await client.ask([.data(photo)], question: "Is the door open?", examples: examples)
        let asked = try await client.askJobs.get(ask.id)
        check(asked.question == "Is the door open?" && asked.examples?.yes == examples.yes, "the ask job")
        check(asked.examples?.no == nil && asked.yes() == nil && !asked.isDone, "the answer")

        let recognize = try await client.recognize([.data(photo)], namespace: "staff")
        let recognized = try await client.resume(recognize.resumeToken, as: RecognizeHandle.self).get()
        check(recognized.faces().isEmpty && !recognized.isDone, "the recognize job")

        let body = Data(#"{"event": "IDENTITY_CREATED", "identity": {"id": "1", "images": []}}"#.utf8)
        guard case .event(let event) = try Webhooks.parse(body) else { fatalError("Swift: no event") }
        check(event.event == .identityCreated && event.identity?.id == "1", "the event")
    }

    /// On a server whose jobs never end.
    static func manyPictures(_ photo: Data) async throws {
        let client = try ImageIntelligence.fromEnvironment()
        let pulled = Counter()
        let endless = Endless { number in
            pulled.add()
            return .data(photo).customId("frame \(number)")
        }
        let told = Counter()
        let all = client.detectAll(
            endless, classes: ["person"], feedId: "camera", batchSize: 2, concurrency: 3, onProgress: { _ in told.add() })
        check(all.progress.jobs == 0 && all.inFlight.isEmpty && pulled.count == 0, "a run that has not begun")
        let looking = Task { for try await _ in all { fatalError("Swift: a job has ended") } }
        while all.progress.inFlight < 6 { await Task.yield() }
        looking.cancel()
        do {
            try await looking.value
            fatalError("Swift: the run was not cancelled")
        } catch is CancellationError {}
        check(all.inFlight.count == 3 && pulled.count == 6 && told.count > 0, "what is in flight: \(all.progress)")
        let made = try await client.detectJobs.search(feedId: "camera")
        check(made.count == 3, "no more were sent")

        var late = 0
        for try await done in client.track(all.inFlight, timeout: .milliseconds(10)) {
            switch done.result {
            case .detect(let job): fatalError("Swift: \(job.classes())")
            case .match(let job): fatalError("Swift: \(job.matched()?.name ?? "nowhere")")
            case .ask(let job): fatalError("Swift: \(job.yes()?.name ?? "no")")
            case .recognize(let job): fatalError("Swift: \(job.faces().count)")
            case nil: check(!done.ok, "what is late")
            }
            guard case .waitTimeout(let details) = done.error else { fatalError("Swift: \(done)") }
            check(details.resumeToken == done.token && all.inFlight.contains(done.token), "a token")
            late += 1
        }
        check(late == 3, "all of them are tracked")
        let jobs = try all.inFlight.map { try client.resume($0, as: DetectHandle.self) }
        for try await done in client.asCompleted(jobs, timeout: .milliseconds(10)) {
            if let job = done.result { fatalError("Swift: \(job.classes())") }
            check(done.error?.name == "wait_timeout" && jobs.contains { $0.id == done.job.id }, "a handle")
            late += 1
        }
        check(late == 6, "all of them are waited for")
        let odd = await refused { try await client.track(["ii1_x"]).reduce(0) { count, _ in count + 1 } }
        check(odd.name == "resume_token" && odd.message.hasPrefix("tokens[0]: "), odd.message)

        var items: [Item<ImageResult>] = []
        let target = Target("dog", images: ["https://example.com/rex.jpg"])
        let both: [Image] = [.url("rex.jpg"), .data(photo)]
        for try await item in client.matchAll(both, target: target, ordered: true, timeout: .milliseconds(10)) {
            if let seen = item.result, item.ok { fatalError("Swift: \(seen.image.name)") }
            items.append(item)
        }
        check(items.map(\.index) == [0, 1] && items.allSatisfy { !$0.ok }, "the items")
        check(items[0].error?.name == "invalid_request" && items[0].source == "rex.jpg", "a picture that is none")
        check(items[1].error?.name == "wait_timeout" && items[1].jobId != nil, "a picture that is late")
        for try await _ in client.askAll([], question: "Is it?") { fatalError("Swift: an answer") }
        let narrow = await refused {
            try await client.recognizeAll(both, namespace: "staff", batchSize: -1).reduce(0) { count, _ in count + 1 }
        }
        check(narrow.name == "config", "a batch of none")

        let torn = client.askAll(AsyncThrowingStream<Image, any Error> { $0.finish(throwing: Torn()) }, question: "Is it?")
        do {
            for try await _ in torn {}
            fatalError("Swift: nothing was thrown")
        } catch is Torn {}

        let stopped = client.recognizeAll([.data(photo)], namespace: "staff")
        let stopping = Task { () -> [Item<RecognizedImage>] in
            var items: [Item<RecognizedImage>] = []
            for try await item in stopped { items.append(item) }
            return items
        }
        while stopped.progress.inFlight < 1 { await Task.yield() }
        stopped.stop()
        client.close()
        let left = try await stopping.value
        guard left.count == 1, case .closed = left[0].error else { fatalError("Swift: \(left)") }
    }

    static func journal(_ photo: Data) async throws {
        let path = NSTemporaryDirectory() + "image-intelligence-\(UUID().uuidString).jsonl"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let before = try ImageIntelligence(journal: path)
        let job = try await before.detect([.data(photo)], classes: ["person"], customId: "door 7")
        guard case .store = await refused({ try ImageIntelligence(journal: path) }) else { fatalError("Swift: opened twice") }
        before.close()
        let client = try ImageIntelligence(requestsPerSecond: 20, journal: path)
        let submits = try await client.recover()
        check(submits.map(\.resumeToken) == [job.resumeToken] && submits[0].outcome == .accepted, "the submit: \(submits)")
        check(submits[0].customId == "door 7" && submits[0].images == 1, "what the journal knows")
        try await client.forget(submits[0])
        let left = try await client.recover()
        check(left.isEmpty, "what was forgotten")
        client.close()
        let none = await refused { try ImageIntelligence(requestsPerSecond: 0) }
        check(none.name == "config" && none.message.hasPrefix("requestsPerSecond: "), "a rate that is none")
    }

    static func recognition(_ client: ImageIntelligence, _ job: String) async throws {
        let staff = try client.recognition("staff")
        var made: [String] = []
        for name in ["ann", "bob", nil] { made.append(try await staff.identities.create(customId: name).id) }
        var all: [String] = []
        for try await identity in staff.identities.all() { all.append(identity.id) }
        check(Set(all) == Set(made) && all.count == 3, "all identities")
        for try await identity in staff.identities.all(RecognitionSearch(limit: 1, sortBy: .asc)) {
            check(made.contains(identity.id), "the first of the rows")
            break
        }
        let unnamed = try await staff.identities.search(RecognitionSearch(customIds: NameFilter.none))
        let named = try await staff.identities.search(RecognitionSearch(customIds: .oneOf(names: ["ann"])))
        check(unnamed.map(\.id) == [made[2]] && named.map(\.id) == [made[0]], "the names")
        let renamed = try await staff.identities.update(made[0], customId: "Ann")
        check(renamed.customId == "Ann", "the new name")
        try await staff.identities.delete(made[0])
        guard case .notFound = await refused({ try await staff.identities.get(made[0]) }) else { fatalError("Swift: not gone") }
        let few = await refused { try await staff.images.search(RecognitionSearch(limit: -1)) }
        check(few.name == "invalid_request", "a limit below none")
        let groups = try await staff.groups.search()
        let jobs = try await staff.jobs.search()
        check(groups.isEmpty && jobs.count == 1, "groups and jobs")

        let wrong = [FeedbackClass(class: "person", code: .falseNegative)]
        let taken = try await client.feedback.create(job, classes: wrong)
        let listed = try await client.feedback.list(job)
        check(taken.classes == wrong && listed.map(\.id) == [taken.id], "the feedback")

        let secret = "correct horse battery"
        let registered = try await client.registerWebhook("https://hooks.example.com/ii", secretKey: secret)
        var shown = "\(registered) \(String(reflecting: registered)) \(String(describing: Optional(registered)))"
        dump(registered, to: &shown)
        check(registered.secretKey == secret && !shown.contains("horse"), "the secret")
        let odd = await refused { try await client.image("file:///etc/passwd") }
        check(odd.name == "invalid_request", "a picture that is no URL")
    }
}

struct Torn: Error {}

/// Pictures without an end.
struct Endless: Sequence, Sendable {
    let image: @Sendable (Int) -> Image

    func makeIterator() -> AnyIterator<Image> {
        var number = 0
        return AnyIterator {
            number += 1
            return image(number)
        }
    }
}

final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var added = 0

    var count: Int { lock.withLock { added } }
    func add() { lock.withLock { added += 1 } }
}
