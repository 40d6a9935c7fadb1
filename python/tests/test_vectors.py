"""Every case of every shared table, through this language's own border."""

import asyncio
import base64
import builtins
import json

import pytest

import image_intelligence
from image_intelligence import (
    Client,
    ImageIntelligenceError,
    InvalidWebhookError,
    ResumeTokenError,
    _core,
    webhooks,
)
from vectors import FOLDER, Case, body, cases, differences, known, load, refused, same

DECIDED = ["poll", "retry", "retry_after", "validation", "token", "resume", "signature", "callback"]


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
        else:
            handle = client.resume(case["token"])
            assert type(handle).__name__ == f"{fields['kind'].capitalize()}Handle"
            assert (handle.id, handle.created_at) == (fields["id"], fields["created"])
            if case.get("writes"):
                assert handle.resume_token == case["token"]


def test_a_comparison_can_fail() -> None:
    one = {"a": 1, "again_ms": 1.0004, "b": [True, "x"]}
    assert differences("", one, {"a": 1.0, "again_ms": 1, "b": [True, "x"]}) == []
    assert len(differences("", one, {"a": 1.0004, "again_ms": 1.1, "b": [True], "d": 1})) == 4
    assert differences("", {"a": True}, {"a": 1})


def test_every_table_is_run() -> None:
    run = {*DECIDED, "errors", "wire", "webhook", "canonical"}
    assert run == {file.stem for file in FOLDER.glob("*.json")}
