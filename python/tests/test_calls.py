"""Each call of both clients against a scripted server: what is sent, what is read, and how it fails."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from both import CLIENTS, run
from image_intelligence import (
    AskJob,
    BadRequestError,
    ClosedError,
    DetectJob,
    Examples,
    FaceGroup,
    FaceImage,
    Feedback,
    FeedbackClass,
    Identity,
    InvalidRequestError,
    MatchJob,
    NotFoundError,
    OutcomeUnknownError,
    RecognizeJob,
    RegisteredWebhook,
    SortOrder,
    Target,
)
from scripted import Answer, Hang, Reset, Scripted

JOB = {"id": "1", "status": "COMPLETED_SUCCESSFULLY", "createdAt": 1487648348000}
PICTURE = "https://e.com/a.jpg"
NOON = datetime(2017, 2, 21, 12, tzinfo=timezone(timedelta(hours=11)))
NOON_MS = 1487638800000


@dataclass
class Call:
    """A call, which gives the answer or awaits it, what it sends, and what it reads of which answer."""

    call: Callable[[Any], Any]
    sends: str
    body: Any = None
    answer: Any = None
    reads: Any = None


def room(name: str, model: type, answer: dict[str, Any]) -> dict[str, Call]:
    """What everything that recognition keeps has."""
    path = f"/v2/recognition/{name}/staff"
    property_ = "jobs" if name == "recognize" else name

    def of(client: Any) -> Any:
        return getattr(client.recognition("staff"), property_)

    return {
        f"{name}: get": Call(lambda c: of(c).get("1"), f"GET {path}/1", None, answer, model),
        f"{name}: search": Call(lambda c: of(c).search(), f"POST {path}/search", {}, [answer], [model]),
        f"{name}: search for none and some": Call(
            lambda c: of(c).search(feed_ids=None, custom_ids=("a", "b"), ids=iter("1")),
            f"POST {path}/search",
            {"feedIds": None, "customIds": ["a", "b"], "ids": ["1"]},
            [],
            [],
        ),
        f"{name}: search of a page": Call(
            lambda c: of(c).search(limit=5, offset=0, start=NOON, end=NOON_MS + 1, sort_by=SortOrder.ASC),
            f"POST {path}/search",
            {"limit": 5, "offset": 0, "start": NOON_MS, "end": NOON_MS + 1, "sortBy": "ASC"},
            [answer, answer],
            [model, model],
        ),
        f"{name}: all": Call(
            lambda c: of(c).all(custom_ids=None, limit=7),
            f"POST {path}/search",
            {"customIds": None, "limit": 7, "offset": 0},
            [],
            [],
        ),
    }


def jobs(kind: str, model: type) -> dict[str, Call]:
    def of(client: Any) -> Any:
        return getattr(client, f"{kind}_jobs")

    return {
        f"{kind} jobs: get": Call(lambda c: of(c).get("1"), f"GET /v2/{kind}/1", None, JOB, model),
        f"{kind} jobs: search": Call(lambda c: of(c).search(), f"GET /v2/{kind}", None, [JOB, JOB], [model, model]),
        f"{kind} jobs: search by all there is": Call(
            lambda c: of(c).search(custom_id="a&b", feed_id="door", after=NOON, before=NOON_MS + 1),
            f"GET /v2/{kind}?customId=a%26b&feedId=door&before={NOON_MS + 1}&after={NOON_MS}",
            None,
            [],
            [],
        ),
        f"{kind} jobs: search since the beginning": Call(
            lambda c: of(c).search(after=datetime(1972, 1, 1, tzinfo=UTC)),
            f"GET /v2/{kind}?after=100000000000",
            None,
            [],
            [],
        ),
    }


IDENTITY = {"id": "i-1", "customId": "ann", "images": [{"id": "f-1"}]}
FEEDBACK = {"id": "b-1", "jobId": "1", "classes": [{"class": "person", "code": "FALSE_POSITIVE"}]}
CALLS: dict[str, Call] = {
    **jobs("detect", DetectJob),
    **jobs("match", MatchJob),
    **jobs("ask", AskJob),
    **room("recognize", RecognizeJob, JOB),
    **room("identities", Identity, IDENTITY),
    **room("images", FaceImage, {"id": "f-1", "isFrontal": True}),
    **room("groups", FaceGroup, {"id": "g-1", "images": []}),
    "identities: create": Call(
        lambda c: c.recognition("staff").identities.create(custom_id="ann", image_ids=iter(["f-1", "f-2"])),
        "POST /v2/recognition/identities/staff",
        {"customId": "ann", "imageIds": ["f-1", "f-2"]},
        IDENTITY,
        Identity,
    ),
    "identities: create with nothing": Call(
        lambda c: c.recognition("staff").identities.create(),
        "POST /v2/recognition/identities/staff",
        {},
        IDENTITY,
        Identity,
    ),
    "identities: update": Call(
        lambda c: c.recognition("staff").identities.update("i-1", custom_id="bob", add=["f-3"]),
        "PATCH /v2/recognition/identities/staff/i-1",
        {"customId": "bob", "images": {"add": ["f-3"], "remove": []}},
        IDENTITY,
        Identity,
    ),
    "identities: delete": Call(
        lambda c: c.recognition("a staff").identities.delete("i-1"),
        "DELETE /v2/recognition/identities/a%20staff/i-1",
        None,
        {},
        None,
    ),
    "feedback: create": Call(
        lambda c: c.feedback.create("1", {"person": "FALSE_POSITIVE"}),
        "POST /v2/feedback",
        {"jobId": "1", "classes": [{"class": "person", "code": "FALSE_POSITIVE"}], "createdAt": ...},
        FEEDBACK,
        Feedback,
    ),
    "feedback: create of a list": Call(
        lambda c: c.feedback.create("1", (FeedbackClass(class_=name, code="FALSE_NEGATIVE") for name in ("a", "b"))),
        "POST /v2/feedback",
        {
            "jobId": "1",
            "classes": [{"class": "a", "code": "FALSE_NEGATIVE"}, {"class": "b", "code": "FALSE_NEGATIVE"}],
            "createdAt": ...,
        },
        FEEDBACK,
        Feedback,
    ),
    "feedback: get": Call(lambda c: c.feedback.get("b-1"), "GET /v2/feedback/b-1", None, FEEDBACK, Feedback),
    "feedback: list": Call(lambda c: c.feedback.list(), "GET /v2/feedback", None, [FEEDBACK], [Feedback]),
    "feedback: list of a job": Call(lambda c: c.feedback.list("1"), "GET /v2/feedback?jobId=1", None, [], []),
    "register webhook": Call(
        lambda c: c.register_webhook("https://hooks.e.com/ii", "a secret key"),
        "POST /v2/webhooks",
        {"url": "https://hooks.e.com/ii", "secretKey": "a secret key"},
        {"id": "w-1", "url": "https://hooks.e.com/ii"},
        RegisteredWebhook,
    ),
    "register webhook without a secret": Call(
        lambda c: c.register_webhook("https://hooks.e.com/ii"),
        "POST /v2/webhooks",
        {"url": "https://hooks.e.com/ii"},
        {"id": "w-1"},
        RegisteredWebhook,
    ),
    "match": Call(
        lambda c: c.match([PICTURE], Target("dog", ("https://e.com/rex.jpg",), custom_id="rex"), custom_id="mine"),
        "POST /v2/match",
        {
            "images": ...,
            "target": {"class": "dog", "images": ["https://e.com/rex.jpg"], "customId": "rex"},
            "customId": "mine",
        },
        JOB,
        ("MatchHandle", MatchJob),
    ),
    "ask": Call(
        lambda c: c.ask([PICTURE], "Is it open?", examples=Examples(yes=["https://e.com/open.jpg"]), feed_id="door"),
        "POST /v2/ask",
        {
            "images": ...,
            "question": "Is it open?",
            "examples": {"yes": ["https://e.com/open.jpg"]},
            "feedId": "door",
            "customId": ...,
        },
        JOB,
        ("AskHandle", AskJob),
    ),
    "recognize": Call(
        lambda c: c.recognize([PICTURE], namespace="staff", webhook_url="https://e.com/hook"),
        "POST /v2/recognition/recognize/staff",
        {"images": ..., "webhookUrl": "https://e.com/hook", "customId": ...},
        JOB,
        ("RecognizeHandle", RecognizeJob),
    ),
}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("one", CALLS.values(), ids=CALLS)
def test_what_is_sent_and_read(one: Call, client: str, scripted: Scripted) -> None:
    scripted.script = lambda request: Answer(200, json.dumps(one.answer).encode())
    read = run(scripted, client, one.call)
    request = scripted.requests[0]
    assert f"{request.method} {request.path}" == one.sends
    sent = json.loads(request.body) if request.body else None
    if isinstance(one.body, dict):
        for key in [key for key, value in one.body.items() if value is ...]:
            assert sent.pop(key)
        assert sent == {key: value for key, value in one.body.items() if value is not ...}
    else:
        assert sent == one.body
    if isinstance(one.reads, tuple):
        handle, waited, looked = read
        name, model = one.reads
        assert type(handle).__name__ == (name if client == "Client" else f"Async{name}")
        assert type(waited) is type(looked) is model and waited.is_done
        assert repr(handle) == f"<{type(handle).__name__} 1>"
    elif isinstance(one.reads, list):
        assert [type(row) for row in read] == one.reads
        assert all(json.loads(row.raw) == answer for row, answer in zip(read, one.answer, strict=True))
    else:
        assert (type(read) if read is not None else None) is one.reads


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("one", CALLS.values(), ids=CALLS)
def test_refused_and_lost(one: Call, client: str, scripted: Scripted) -> None:
    """An error of the API comes through; what makes something and is lost is said to be lost, and never sent again."""
    scripted.script = lambda request: Answer(404 if request.method == "GET" else 400, b'{"message": "no"}')
    with pytest.raises((NotFoundError, BadRequestError)) as raised:
        run(scripted, client, one.call)
    assert "no" in raised.value.message and raised.value.body == b'{"message": "no"}'
    makes = one.sends.split()[0] != "GET" and not one.sends.endswith("/search")
    if not makes or isinstance(one.reads, tuple):
        return
    scripted.requests.clear()
    scripted.script = lambda request: Reset()
    with pytest.raises(OutcomeUnknownError):
        run(scripted, client, one.call)
    assert len(scripted.requests) == 1


@pytest.mark.parametrize("client", CLIENTS)
def test_a_file_is_read_as_bytes(client: str, scripted: Scripted) -> None:
    scripted.script = lambda request: Answer(200, b"\xff\xd8 a jpeg", {"content-type": "image/jpeg"})
    assert run(scripted, client, lambda c: c.recognition("staff").images.picture("f-1")) == b"\xff\xd8 a jpeg"
    assert scripted.requests[0].path == "/v2/recognition/images/staff/f-1"
    url = f"{scripted.base_url}/images/f-1"
    assert run(scripted, client, lambda c: c.image(url)) == b"\xff\xd8 a jpeg"
    assert "authorization" not in scripted.requests[1].headers


@pytest.mark.parametrize("client", CLIENTS)
def test_a_secret_is_handed_over_and_never_shown(client: str, scripted: Scripted) -> None:
    secret = "correct horse battery staple"
    scripted.script = lambda request: Answer(200, json.dumps({"id": "w-1", "secretKey": secret}).encode())
    webhook = run(scripted, client, lambda c: c.register_webhook("https://e.com/hook"))
    assert webhook.secret_key == secret
    assert secret not in repr(webhook) and secret not in str(webhook)
    scripted.script = lambda request: Answer(400, json.dumps({"message": f"bad {secret}"}).encode())
    with pytest.raises(BadRequestError) as raised:
        run(scripted, client, lambda c: c.register_webhook("https://e.com/hook", secret))
    assert secret not in repr(vars(raised.value)) and secret not in str(raised.value)
    scripted.script = lambda request: Answer(200, b'{"id": "w-1"}')
    assert run(scripted, client, lambda c: c.register_webhook("https://e.com/hook")).secret_key is None
    # What an environment gives that has no such variable: unsigned for good would be the worst answer.
    asked = len(scripted.requests)
    with pytest.raises(InvalidRequestError, match="secret_key: None given"):
        run(scripted, client, lambda c: c.register_webhook("https://e.com/hook", None))
    assert len(scripted.requests) == asked


def test_close_ends_a_call_of_another_task(scripted: Scripted) -> None:
    scripted.script = lambda request: Hang()

    async def main() -> None:
        client = scripted.async_client()
        rows = client.recognition("staff").groups.all()
        calls: list[Any] = [client.feedback.list(), client.ask_jobs.search(), anext(rows)]
        tasks = [asyncio.ensure_future(call) for call in calls]
        await asyncio.to_thread(scripted.until, lambda server: server.hanging == 3)
        await client.close()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(error) for error in ended] == [ClosedError] * 3

    asyncio.run(main())
