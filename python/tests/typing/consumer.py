"""A program as a user types it: mypy --strict holds it, and what it asserts of types."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import assert_type

from image_intelligence import (
    All,
    AnyHandle,
    AnyJob,
    AsCompleted,
    AskHandle,
    AskJob,
    AsyncAll,
    AsyncAskHandle,
    AsyncClient,
    AsyncDelivery,
    AsyncDetectHandle,
    AsyncInbox,
    AsyncMatchHandle,
    AsyncReceiver,
    AsyncRecognizeHandle,
    ClassLike,
    Client,
    Completed,
    Delivery,
    DetectClass,
    DetectHandle,
    DetectImageResult,
    DetectJob,
    Examples,
    ExclusionZones,
    FaceGroup,
    FaceHit,
    FaceImage,
    Feedback,
    FeedbackClass,
    GaveUp,
    Hit,
    Identity,
    Image,
    ImageIntelligenceError,
    ImageResult,
    Inbox,
    Item,
    JobImage,
    JobStatus,
    MatchHandle,
    MatchJob,
    Picture,
    Progress,
    Receiver,
    RecognitionSearch,
    RecognizedImage,
    RecognizeHandle,
    RecognizeJob,
    Recovered,
    RegisteredEvent,
    RegisteredWebhook,
    Target,
    WaitTimeoutError,
    webhooks,
)


def ask(client: Client, pictures: list[Picture], classes: list[ClassLike]) -> DetectJob:
    return client.detect(pictures, classes=classes).wait()


def synchronous() -> None:
    with Client(request_timeout=timedelta(seconds=20)) as client:
        zones = ExclusionZones([[0, 1], [0, 0]])
        handle = client.detect(
            [Path("a.jpg"), "https://e.com/a.jpg", b"..", Image(data=b"..", custom_id="7")],
            classes=["person", DetectClass("car", verify="NEVER", exclusion_zones=zones)],
        )
        assert_type(handle, DetectHandle)
        try:
            job = handle.wait(timeout=60)
        except WaitTimeoutError as error:
            assert_type(error.resume_token, str | None)
            return
        except ImageIntelligenceError as error:
            assert_type(error.retry_after, float | None)
            raise
        assert_type(job, DetectJob)
        assert_type(job.found("person"), list[Hit])
        assert_type(job.found("person")[0].image.custom_id_or_url, str)
        assert_type(job.errors(), list[DetectImageResult])
        assert_type(job.classes, list[str])
        assert_type(job.raw, bytes)
        assert_type(client.detect_jobs.get("1").created_at, int | None)
        client.detect(7, classes=["x"])  # type: ignore[arg-type]
        client.detect([b".."])  # type: ignore[call-arg]


def the_other_kinds(client: Client) -> None:
    match_ = client.match([b".."], Target("dog", ["https://e.com/rex.jpg"], custom_id="rex"), feed_id="door")
    assert_type(match_, MatchHandle)
    assert_type(match_.wait(), MatchJob)
    assert_type(match_.get().matched, JobImage | None)
    assert_type(match_.get().errors(), list[ImageResult])
    asked = client.ask([b".."], "Is it open?", examples=Examples(no=["https://e.com/shut.jpg"]))
    assert_type(asked, AskHandle)
    assert_type(asked.wait(60), AskJob)
    assert_type(asked.get().yes, JobImage | None)
    recognized = client.recognize([b".."], namespace="staff")
    assert_type(recognized, RecognizeHandle)
    assert_type(recognized.wait().faces(), list[FaceHit])
    assert_type(recognized.wait().errors(), list[RecognizedImage])
    handle = client.resume("ii1_")
    assert_type(handle, DetectHandle | MatchHandle | AskHandle | RecognizeHandle)
    assert_type(handle.wait(), DetectJob | MatchJob | AskJob | RecognizeJob)
    if isinstance(handle, DetectHandle):
        assert_type(handle.wait().found("person"), list[Hit])
    client.match([b".."])  # type: ignore[call-arg]
    client.match([b".."], "dog")  # type: ignore[arg-type]
    client.recognize([b".."])  # type: ignore[call-arg]
    assert_type(client.match_jobs.get("1"), MatchJob)
    assert_type(client.ask_jobs.search(feed_id="door", after=datetime.now(UTC), before=1), list[AskJob])
    assert_type(client.feedback.create("1", {"person": "FALSE_POSITIVE"}), Feedback)
    assert_type(client.feedback.create("1", [FeedbackClass(class_="x", code="FALSE_NEGATIVE")]), Feedback)
    assert_type(client.feedback.list(), list[Feedback])
    webhook = client.register_webhook("https://e.com/hook", secret_key="..")
    assert_type(webhook, RegisteredWebhook)
    assert_type(webhook.secret_key, str | None)
    assert_type(client.image("https://e.com/a.jpg"), bytes)


def any_number(client: Client, target: Target) -> None:
    for item in client.detect_all(Path("cameras").glob("**/*.jpg"), classes=["person"], on_progress=print):
        print(item.source, item.result.classes if item.ok else item.error)
        if item.ok:
            assert_type(item.result, DetectImageResult)
        else:
            assert_type(item.error, ImageIntelligenceError)
            assert_type(item.result, DetectImageResult | None)
    with client.match_all(iter([b".."]), target, manifest=Path("run.jsonl"), timeout=timedelta(minutes=5)) as run:
        assert_type(run, All[ImageResult])
        assert_type(next(run), Item[ImageResult])
        assert_type(run.in_flight, list[str])
        assert_type(run.progress, Progress)
        assert_type(run.progress.total, int | None)
    assert_type(client.ask_all([b".."], "Is it?", batch_size=1, concurrency=2, ordered=True), All[ImageResult])
    assert_type(client.recognize_all([b".."], namespace="staff"), All[RecognizedImage])
    client.recognize_all([b".."])  # type: ignore[call-arg]
    client.detect_all([7], classes=["person"])  # type: ignore[list-item]


def many_jobs(client: Client, handles: list[DetectHandle], mixed: list[AnyHandle]) -> None:
    for done in client.as_completed(handles, timeout=60):
        assert_type(done, Completed[DetectHandle, DetectJob])
        print(done.job.id, done.result.classes if done.ok else done.error.resume_token)
    assert_type(client.as_completed(mixed), AsCompleted[AnyHandle, AnyJob])
    assert_type(client.track(["ii1_"]), AsCompleted[AnyHandle, AnyJob])
    assert_type(client.track(iter(["ii1_"])).left, int)
    assert_type(client.recover(), list[Recovered])
    client.as_completed(["ii1_"])  # type: ignore[list-item]


def recognition(client: Client) -> None:
    staff = client.recognition("staff")
    assert_type(staff.identities.create(custom_id="ann", image_ids=["f-1"]), Identity)
    assert_type(staff.identities.update("i-1", add=["f-2"], remove=("f-1",)), Identity)
    assert_type(staff.identities.search(limit=5, custom_ids=None, start=datetime.now(UTC)), list[Identity])
    assert_type(staff.identities.all(sort_by="ASC"), Iterator[Identity])
    assert_type(staff.images.get("f-1"), FaceImage)
    assert_type(staff.images.picture("f-1"), bytes)
    assert_type(next(staff.images.all()).bounding_box_confidence, float | None)
    assert_type(staff.groups.search(), list[FaceGroup])
    assert_type(staff.jobs.get("1"), RecognizeJob)
    conditions: RecognitionSearch = {"feed_ids": ["door"], "limit": 100}
    assert_type(staff.jobs.search(**conditions), list[RecognizeJob])
    staff.jobs.search(limt=5)  # type: ignore[call-arg]
    staff.jobs.search(limit="5")  # type: ignore[arg-type]
    staff.jobs.search(ids=None)  # type: ignore[arg-type]


async def frames() -> AsyncIterator[bytes]:
    yield b".."


async def asynchronous() -> None:
    async with AsyncClient(requests_per_second=5, journal="submits.jsonl") as client:
        assert_type(client.detect_all(frames(), classes=["person"]), AsyncAll[DetectImageResult])
        async with client.detect_all((b"" for _ in ()), classes=["person"]) as run:
            async for item in run:
                print(item.result.classes if item.ok else item.error)
        async for done in client.as_completed([await client.detect([b".."], classes=["person"])]):
            assert_type(done, Completed[AsyncDetectHandle, DetectJob])
        async for tracked in client.track(["ii1_"]):
            print(tracked.result.status if tracked.ok else tracked.error)
        handle = await client.detect((Path(name) for name in ("a.jpg", "b.jpg")), classes=("a", "b"))
        assert_type(handle, AsyncDetectHandle)
        task = asyncio.create_task(handle.wait())
        assert_type(await task, DetectJob)
        assert_type(client.resume("ii1_"), AsyncDetectHandle | AsyncMatchHandle | AsyncAskHandle | AsyncRecognizeHandle)
        assert_type((await client.match([b".."], Target("dog", ["https://e.com/rex.jpg"]))).id, str)
        assert_type(await (await client.ask([b".."], "Is it?")).wait(), AskJob)
        assert_type(await (await client.recognize([b".."], namespace="staff")).get(), RecognizeJob)
        assert_type(await client.detect_jobs.search(custom_id="mine"), list[DetectJob])
        assert_type(await client.feedback.get("1"), Feedback)
        staff = client.recognition("staff")
        assert_type(await staff.identities.create(), Identity)
        assert_type(staff.identities.all(), AsyncIterator[Identity])
        async for group in staff.groups.all(feed_ids=None):
            assert_type(group, FaceGroup)
        assert_type(await staff.images.picture("1"), bytes)
        assert_type(await client.register_webhook("https://e.com/hook"), RegisteredWebhook)


def hook(body: bytes, headers: dict[str, str]) -> str:
    event: webhooks.WebhookEvent = webhooks.parse(body, headers, secret=["old", "new"])
    match event:
        case DetectJob(status=JobStatus.COMPLETED_SUCCESSFULLY) as job:
            return job.id
        case DetectJob() | MatchJob() | AskJob() | RecognizeJob():
            return "not yet" if event.is_done else "not done"
        case RegisteredEvent(event=name, identity=somebody):
            assert_type(somebody, Identity | None)
            return name
        case webhooks.UnknownEvent(raw):
            return raw.decode()


def told(inbox: Inbox) -> str:
    with Receiver(inbox, public_url="https://e.com/ii", secrets=["a secret key"]) as receiver:
        assert_type(receiver.address, tuple[str, int] | None)
        client = Client(webhooks=receiver)
        assert_type(client.detect(["https://e.com/a.jpg"], classes=["person"], deliver=False), DetectHandle)
        for delivery in inbox:
            assert_type(delivery, Delivery)
            with delivery:
                match delivery.event:
                    case DetectJob() as job:
                        return job.id
                    case MatchJob() | AskJob() | RecognizeJob() | RegisteredEvent():
                        delivery.nack("not yet", pause=timedelta(minutes=1))
                    case GaveUp(reason=why):
                        return why
                    case webhooks.UnknownEvent(raw):
                        return raw.decode()
        assert_type(inbox.list(state="dead")[0].body, bytes | None)
        assert_type(inbox.counts().jobs.gave_up, int)
    return ""


async def told_too() -> None:
    inbox = AsyncInbox.open(Path("inbox.db"), handler_timeout=timedelta(hours=1), attempts=3)
    async with AsyncReceiver(inbox, listen="127.0.0.1:0") as receiver, AsyncClient(webhooks=receiver):
        async for delivery in inbox:
            assert_type(delivery, AsyncDelivery)
            await delivery.ack_with("INSERT INTO alarms VALUES (?1, ?2)", [delivery.idempotency_key, 3])
