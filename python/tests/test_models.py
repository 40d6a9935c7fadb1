"""Every case of the shared tables that say how bodies are read: through the calls, and as webhooks."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from image_intelligence import (
    AskJob,
    Client,
    DetectJob,
    FaceGroup,
    FaceImage,
    Feedback,
    Identity,
    ImageIntelligenceError,
    InvalidWebhookError,
    MatchJob,
    RecognizeJob,
    RegisteredEvent,
    RegisteredWebhook,
    Target,
    _core,
    webhooks,
)
from scripted import Answer, Request, Scripted
from vectors import Case, body, cases, known, refused, same

BODY = ("json", "text", "base64", "file")
MODELS: dict[str, type[msgspec.Struct]] = {
    "detect_job": DetectJob,
    "match_job": MatchJob,
    "ask_job": AskJob,
    "recognize_job": RecognizeJob,
    "identity": Identity,
    "face_image": FaceImage,
    "face_group": FaceGroup,
    "feedback": Feedback,
    "registered_webhook": RegisteredWebhook,
}
# Which call of the client reads the model.
CALLS: dict[str, Callable[[Client, str], Any]] = {
    "detect_job": lambda client, id: client.detect_jobs.get(id),
    "match_job": lambda client, id: client.match_jobs.get(id),
    "ask_job": lambda client, id: client.ask_jobs.get(id),
    "recognize_job": lambda client, id: client.recognition("staff").jobs.get(id),
    "identity": lambda client, id: client.recognition("staff").identities.get(id),
    "face_image": lambda client, id: client.recognition("staff").images.get(id),
    "face_group": lambda client, id: client.recognition("staff").groups.get(id),
    "feedback": lambda client, id: client.feedback.get(id),
    "registered_webhook": lambda client, _: client.register_webhook("https://hooks.example.com/ii"),
    "detect_jobs": lambda client, _: client.detect_jobs.search(),
    "match_jobs": lambda client, _: client.match_jobs.search(),
    "ask_jobs": lambda client, _: client.ask_jobs.search(),
    "recognize_jobs": lambda client, _: client.recognition("staff").jobs.search(),
    "identities": lambda client, _: client.recognition("staff").identities.search(),
    "face_images": lambda client, _: client.recognition("staff").images.search(),
    "face_groups": lambda client, _: client.recognition("staff").groups.search(),
    "feedbacks": lambda client, _: client.feedback.list(),
}
SUBMITS: dict[str, Callable[[Client], Any]] = {
    "detect_job": lambda client: client.detect([b"a picture"], classes=["person"]),
    "match_job": lambda client: client.match([b"a picture"], Target("dog", ["https://e.com/rex.jpg"])),
    "ask_job": lambda client: client.ask([b"a picture"], "Is the door open?"),
    "recognize_job": lambda client: client.recognize([b"a picture"], namespace="staff"),
}
EVENTS: dict[str, type[msgspec.Struct]] = {
    "detect": DetectJob,
    "match": MatchJob,
    "ask": AskJob,
    "recognize": RecognizeJob,
    "event": RegisteredEvent,
}


def without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_none(item) for key, item in value.items() if item is not None}
    return [without_none(item) for item in value] if isinstance(value, list) else value


def written(model: Any) -> Any:
    return without_none(json.loads(msgspec.json.encode(model)))


@pytest.fixture(scope="module")
def wire() -> Iterator[tuple[Scripted, Client]]:
    with Scripted(lambda request: Answer(200)) as server, server.client() as client:
        yield server, client


@cases("wire")
def test_wire(case: Case, wire: tuple[Scripted, Client]) -> None:
    model, answer = case["model"], body(case)
    if "error" in case:
        # As core says it: through a call it would be tried again for long.
        known(case, "model", *BODY, "error")
        with pytest.raises(ImageIntelligenceError) as raised:
            _core.read_model(model, answer)
        refused(raised.value, case["error"])
        return
    server, client = wire
    server.script = lambda request: Answer(200, answer)
    if model not in MODELS:
        known(case, "model", *BODY, "expect")
        same([written(each) for each in CALLS[model](client, "")], case["expect"])
        same(json.loads(_core.read_model(model, answer)), case["expect"])
        return
    of_a_job = {
        "detect_job": ("errors", "found", "classes"),
        "match_job": ("errors", "matched"),
        "ask_job": ("errors", "yes"),
        "recognize_job": ("errors", "faces"),
    }
    known(case, "model", *BODY, "expect", "raw", *of_a_job.get(model, ()))
    read = CALLS[model](client, case["expect"].get("id", "1"))
    assert type(read) is MODELS[model]
    same(written(read), case["expect"])
    same(written(msgspec.json.decode(_core.read_model(model, answer), type=MODELS[model])), case["expect"])
    if model == "registered_webhook":
        assert not hasattr(read, "raw") and "raw" not in case
        return
    assert read.raw == answer
    told(case, read)
    if model in SUBMITS:
        through_a_handle(case, answer, server, client)


def told(case: Case, read: Any) -> None:
    """What the conveniences say, and the raw JSON."""
    for class_, expected in case.get("found", {}).items():
        found = [{"image": hit.image.custom_id_or_url, "confidence": hit.confidence} for hit in read.found(class_)]
        same(found, expected)
    for field in ("matched", "yes"):
        if field in case:
            image = getattr(read, field)
            same(image and image.custom_id_or_url, case[field])
    if "faces" in case:
        faces = [{"image": hit.image.custom_id_or_url, "identity": hit.face.identity_id} for hit in read.faces()]
        same(without_none(faces), case["faces"])
    if "classes" in case:
        same(read.classes, case["classes"])
    if "errors" in case:
        same([image.custom_id_or_url for image in read.errors()], case["errors"])
    for key, text in case.get("raw", {}).items():
        fields = msgspec.json.decode(read.raw, type=dict[str, msgspec.Raw])
        assert bytes(fields[key]).decode() == text


def through_a_handle(case: Case, answer: bytes, server: Scripted, client: Client) -> None:
    """A job that is looked at through its handle was tied to its inputs, and so written anew."""
    submitted = json.dumps({"id": case["expect"]["id"], "status": "IN_PROGRESS"}).encode()

    def script(request: Request) -> Answer:
        return Answer(200, answer if request.method == "GET" else submitted)

    server.script = script
    token = SUBMITS[case["model"]](client).resume_token
    looked_at = client.resume(token).get()
    same(written(looked_at), case["expect"])
    assert looked_at.raw == answer.removeprefix(b"\xef\xbb\xbf")


@cases("webhook")
def test_webhook(case: Case) -> None:
    known(case, "known_kind", *BODY, "event", "shape", "id", "status", "event_name", "identity", "error")
    came = body(case)
    if "error" in case:
        with pytest.raises(InvalidWebhookError) as raised:
            webhooks.parse(came, kind=case.get("known_kind"))
        refused(raised.value, case["error"])
        return
    event: Any = webhooks.parse(came, kind=case.get("known_kind"))
    assert event.raw == came
    assert type(event) is EVENTS.get(case["event"], webhooks.UnknownEvent)
    if case["event"] == "event":
        assert event.event == case["event_name"]
        assert (event.identity and event.identity.id) == case["identity"]
    elif case["event"] != "unknown":
        assert event.id == case.get("id", "1")
        assert event.status == case.get("status", event.status)


@cases("canonical")
def test_canonical(case: Case) -> None:
    known(case, "known_kind", *BODY, "event", "canonical", "expect", "error")
    came = body(case)
    if "error" in case:
        with pytest.raises(InvalidWebhookError) as raised:
            webhooks.parse(came, kind=case.get("known_kind"))
        refused(raised.value, case["error"])
        return
    event, json_ = _core.judge(came, None, None, case.get("known_kind"), False)
    assert event == case["event"]
    # The very object, so that nothing is copied, where it may be decoded as it stands.
    assert (json_ is came) == case["canonical"] or event == "unknown"
    if event == "unknown":
        assert webhooks.parse(came, kind=case.get("known_kind")) == webhooks.UnknownEvent(came)
        return
    same(written(msgspec.json.decode(json_, type=EVENTS[event])), case["expect"])
    parsed = webhooks.parse(came, kind=case.get("known_kind"))
    assert type(parsed) is EVENTS[event]
    same(written(parsed), case["expect"])
