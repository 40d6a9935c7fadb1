"""Every case of every shared table, through this language's own border."""

import asyncio
import base64
import builtins
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

import image_intelligence
from image_intelligence import (
    Client,
    DetectClass,
    DetectJob,
    DetectJobs,
    ExclusionZones,
    Image,
    ImageIntelligenceError,
    InvalidWebhookError,
    ResumeTokenError,
    WaitTimeoutError,
    _core,
    webhooks,
)
from scripted import Answer, Scripted, job
from vectors import FOLDER, Case, body, cases, differences, expand, known, load, same

DECIDED = ["poll", "retry", "retry_after", "validation", "resume", "signature", "callback"]


def without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_none(item) for key, item in value.items() if item is not None}
    return [without_none(item) for item in value] if isinstance(value, list) else value


def written(job: DetectJob) -> Any:
    return without_none(json.loads(msgspec.json.encode(job)))


def refused(error: BaseException, expected: Case) -> None:
    assert isinstance(error, ImageIntelligenceError)
    assert error.kind == expected["kind"]
    assert str(error) == error.message
    for words in expected.get("contains", []):
        assert words in error.message
    if "reason" in expected:
        assert error.reason == expected["reason"]


@pytest.mark.parametrize(
    ("table", "case"),
    [pytest.param(table, case, id=f"{table}: {case['name']}") for table in DECIDED for case in load(table)],
)
def test_core_decides(table: str, case: Case) -> None:
    same(json.loads(_core.decide(table, json.dumps(case))), case)


@cases("errors")
def test_errors(case: Case) -> None:
    expected = dict(case["expect"])
    with pytest.raises(BaseException) as raised:
        _core.decide("errors", json.dumps(case))
    error = raised.value
    name = expected.pop("python")
    if name == "CancelledError":
        assert type(error) is asyncio.CancelledError
        return
    assert type(error) is getattr(image_intelligence, name)
    assert isinstance(error, ImageIntelligenceError)
    for also in expected.pop("python_also", []):
        assert isinstance(error, getattr(builtins, also))
    for other in ("rust", "node", "exit"):
        expected.pop(other, None)
    told: Case = {"kind": error.kind, "retryable": error.retryable}
    for field in ("status", "request_id", "last_status", "resume_token", "custom_id", "reason"):
        if (value := getattr(error, field)) is not None:
            told[field] = value
    if error.retry_after is not None:
        told["retry_after_ms"] = error.retry_after * 1000
    if error.candidates:
        told["candidates"] = list(error.candidates)
    if error.body is not None:
        told["body_bytes"] = len(error.body)
    if "message" in expected:
        told["message"] = error.message
    if "body" in expected:
        assert error.body is not None
        told["body"] = error.body.decode(errors="replace")
    same(told, expected)
    assert error.args == (error.message,)


def test_every_kind_has_a_class_and_a_case() -> None:
    kinds = {case["expect"]["kind"] for case in load("errors")} - {"cancelled"}
    classes = ImageIntelligenceError.__subclasses__()
    assert kinds == {cls.kind for cls in classes}
    assert len(kinds) == len(classes)


@pytest.fixture(scope="module")
def wire() -> Iterator[tuple[Scripted, Client, str]]:
    """A server, a client of it, and the token of a job there."""
    with Scripted(lambda request: Answer(200, job())) as server, server.client() as client:
        yield server, client, client.detect([b"a picture"], classes=["person"]).resume_token


def search(case: Case) -> None:
    """An answer to a search, which no call of this language reads yet."""
    if "error" in case:
        with pytest.raises(ImageIntelligenceError) as raised:
            _core.read_detect_jobs(body(case))
        refused(raised.value, case["error"])
        return
    jobs = [msgspec.json.decode(each, type=DetectJob) for each in _core.read_detect_jobs(body(case))]
    same([written(each) for each in jobs], case["expect"])


@cases("wire")
def test_wire(case: Case, wire: tuple[Scripted, Client, str]) -> None:
    known(case, "model", "json", "text", "base64", "file", "expect", "error", "found", "classes", "errors", "raw")
    if case["model"] == "detect_jobs":
        assert not hasattr(DetectJobs, "search"), "it is time to run these cases through the call"
        search(case)
        return
    assert case["model"] == "detect_job"
    server, client, token = wire
    answer = body(case)
    server.script = lambda request: Answer(200, answer)
    if "error" in case:
        # A look that failed does not end a wait, but it is why the wait ran out; a plain read would be tried again for long.
        with pytest.raises(WaitTimeoutError) as raised:
            client.resume(token).wait(timeout=0)
        assert raised.value.__cause__ is not None
        refused(raised.value.__cause__, case["error"])
        return
    found_job = client.detect_jobs.get(case["expect"]["id"])
    same(written(found_job), case["expect"])
    assert found_job.raw == answer
    submitted = job(id=case["expect"]["id"])
    server.script = lambda request: Answer(200, answer if request.method == "GET" else submitted)
    token = client.detect([b"a picture"], classes=["person"]).resume_token
    same(written(client.resume(token).get()), case["expect"])
    for class_, expected in case.get("found", {}).items():
        found = [{"image": hit.image.custom_id_or_url, "confidence": hit.confidence} for hit in found_job.found(class_)]
        same(found, expected)
    if "classes" in case:
        same(found_job.classes, case["classes"])
    if "errors" in case:
        same([image.custom_id_or_url for image in found_job.errors()], case["errors"])
    for key, text in case.get("raw", {}).items():
        fields = msgspec.json.decode(found_job.raw, type=dict[str, msgspec.Raw])
        assert bytes(fields[key]).decode() == text


@cases("webhook")
def test_webhook(case: Case) -> None:
    known(case, "known_kind", "json", "text", "base64", "file", "event", "shape", "id", "status", "error")
    came = body(case)
    if "error" in case:
        with pytest.raises(InvalidWebhookError) as raised:
            webhooks.parse(came, kind=case.get("known_kind"))
        refused(raised.value, case["error"])
        return
    event = webhooks.parse(came, kind=case.get("known_kind"))
    assert event.raw == came
    if case["event"] == "detect":
        assert isinstance(event, DetectJob)
        assert event.id == case.get("id", "1")
        assert event.status == case.get("status", event.status)
    else:
        assert isinstance(event, webhooks.UnknownEvent)


@cases("canonical")
def test_canonical(case: Case) -> None:
    known(case, "known_kind", "json", "text", "base64", "file", "event", "canonical", "expect", "error")
    came = body(case)
    if "error" in case:
        with pytest.raises(InvalidWebhookError) as raised:
            webhooks.parse(came, kind=case.get("known_kind"))
        refused(raised.value, case["error"])
        return
    json_ = _core.judge(came, None, None, case.get("known_kind"), False)
    if case["event"] == "detect":
        assert json_ is not None
        # The very object, so that nothing is copied, where it may be decoded as it stands.
        assert (json_ is came) == case["canonical"]
        same(written(msgspec.json.decode(json_, type=DetectJob)), case["expect"])
        event = webhooks.parse(came, kind=case.get("known_kind"))
        assert isinstance(event, DetectJob)
        same(written(event), case["expect"])
    else:
        assert case["event"] == "unknown"
        assert json_ is None
        assert webhooks.parse(came, kind=case.get("known_kind")) == webhooks.UnknownEvent(came)


@cases("signature")
def test_signature(case: Case) -> None:
    known(case, "headers", "text", "base64", "secrets", "allow_sha1", "good", "signed", "error")
    came = body(case)
    headers = [(name, value) for name, value in case["headers"]]
    allow_sha1 = case.get("allow_sha1", False)
    verdict: ImageIntelligenceError | None = None
    try:
        webhooks.parse(came, headers, secret=case["secrets"], allow_sha1=allow_sha1)
    except InvalidWebhookError:
        pass  # The signature was good, and the body is no webhook: that is another table's business.
    except ImageIntelligenceError as error:
        verdict = error
    if "error" in case:
        assert verdict is not None
        refused(verdict, case["error"])
    else:
        assert case["good"] is True
        assert verdict is None


def ring(text: str) -> dict[int, bytes]:
    """The keys of a case as this language takes them."""
    keys = {}
    for entry in text.split(","):
        key_id, master = entry.strip().split(":")
        plain = master.strip().rstrip("=").replace("-", "+").replace("_", "/")
        keys[int(key_id)] = base64.b64decode(plain + "=" * (-len(plain) % 4))
    return keys


@cases("callback")
def test_callback(case: Case) -> None:
    known(case, "keys", "bases", "normalised", "mint", "minted", "url", "token", "now_ms", "says", "error")
    try:
        masters = ring(case["keys"])
    except ValueError:
        assert case["error"]["kind"] == "config"
        # The text of II_CALLBACK_KEYS is read by core alone; here keys are a dict.
        same(json.loads(_core.decide("callback", json.dumps(case))), case)
        return
    if len(masters) != len(case["keys"].split(",")):
        assert case["error"]["kind"] == "config"
        # A dict cannot have a key twice.
        same(json.loads(_core.decide("callback", json.dumps(case))), case)
        return
    error = None
    try:
        keys = webhooks.CallbackKeys(masters)
        if "mint" in case:
            mint = case["mint"]
            base = case["bases"][0]
            token = keys.mint(mint["kind"], expires=mint["expires_ms"] / 1000, rid=mint["rid"], base=base)
            assert token == case.get("minted", token)
            assert keys.callback_url(token, base) == case.get("url", keys.callback_url(token, base))
        if "token" in case:
            says = keys.verify(case["token"], case["bases"], now=case["now_ms"] / 1000)
            assert "error" not in case
            told = {"kind": says.kind, "rid": says.rid, "expires_ms": says.expires * 1000, "key_id": says.key_id}
            same(told, case["says"])
    except ImageIntelligenceError as refusal:
        error = refusal
    if "error" not in case:
        assert error is None
    elif error is not None and case["error"]["kind"] == "config":
        # Core's words are of the text of II_CALLBACK_KEYS, which nobody reads here.
        assert error.kind == "config"
    elif error is not None:
        refused(error, case["error"])
    else:
        # Only a base that is never used here can be wrong and go unnoticed.
        assert "mint" not in case and "token" not in case


@cases("resume")
def test_resume(case: Case) -> None:
    known(case, "api", "token", "fields", "writes", "error")
    with Client(base_url=case["api"], client_id="a", client_secret="b", allow_plain_http=True) as client:
        fields = case.get("fields")
        if fields is None:
            with pytest.raises(ResumeTokenError) as raised:
                client.resume(case["token"])
            refused(raised.value, case["error"])
        elif fields["kind"] != "detect":
            with pytest.raises(ResumeTokenError, match="not of a detect job"):
                client.resume(case["token"])
        else:
            handle = client.resume(case["token"])
            assert (handle.id, handle.created_at) == (fields["id"], fields["created"])
            if case.get("writes"):
                assert handle.resume_token == case["token"]


@cases("validation")
def test_validation_before_anything_is_sent(case: Case, wire: tuple[Scripted, Client, str]) -> None:
    """What can be said through the public calls: a request that passes is sent, one that does not is not."""
    known(case, "request", "limits", "error")
    request = expand(case["request"])
    odd = any(not set(image) <= {"url", "customId"} or "url" not in image for image in request["images"])
    if (
        "limits" in case
        or odd
        or set(request) - {"images", "classes", "customId", "feedId", "webhookUrl", "boundingBox"}
    ):
        # Not a request that the public calls can make.
        same(json.loads(_core.decide("validation", json.dumps(case))), case)
        return
    server, client, _ = wire
    server.script = lambda request: Answer(200, job())
    before = len(server.requests)

    def send() -> None:
        client.detect(
            [Image(url=image["url"], custom_id=image.get("customId")) for image in request["images"]],
            classes=[
                DetectClass(
                    one["class"],
                    verify=one.get("verify", "AUTO"),
                    exclusion_zones=zones
                    and ExclusionZones(zones["zones"], type=zones["type"], size=zones.get("size")),
                )
                for one in request["classes"]
                for zones in [one.get("exclusionZones")]
            ],
            custom_id=request.get("customId"),
            feed_id=request.get("feedId"),
            webhook_url=request.get("webhookUrl"),
            bounding_boxes=request.get("boundingBox", False),
        )

    if "error" in case:
        with pytest.raises(ImageIntelligenceError) as raised:
            send()
        assert raised.value.kind == case["error"]["kind"]
        # A text that is no URL gets the advice of this language, how to pass a file.
        if "pass pathlib.Path(" not in raised.value.message:
            assert raised.value.message == case["error"]["message"]
        assert len(server.requests) == before
    else:
        send()
        assert len(server.requests) == before + 1


def test_a_comparison_can_fail() -> None:
    one = {"a": 1, "again_ms": 1.0004, "b": [True, "x"]}
    assert differences("", one, {"a": 1.0, "again_ms": 1, "b": [True, "x"]}) == []
    assert len(differences("", one, {"a": 1.0004, "again_ms": 1.1, "b": [True], "d": 1})) == 4
    assert differences("", {"a": True}, {"a": 1})


def test_every_table_is_run() -> None:
    run = {*DECIDED, "errors", "wire", "webhook", "canonical"}
    assert run == {file.stem for file in FOLDER.glob("*.json")}
