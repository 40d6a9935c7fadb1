"""Webhooks: what is taken as headers, secrets and bodies, and what is said of the rest."""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from image_intelligence import (
    ConfigError,
    DetectJob,
    InvalidRequestError,
    InvalidWebhookError,
    WebhookVerificationError,
    webhooks,
)

SECRET = "a secret key"
BODY = '{"id": "5d689c71", "status": "COMPLETED_SUCCESSFULLY", "jobResults": [{"class": "Tür"}]}'.encode()
SIGNATURE = "sha256=" + hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()


class Headers(Mapping[str, str]):
    """As the frameworks have them: case-insensitive, and `items` repeats a name that came twice."""

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self.pairs = pairs

    def __getitem__(self, name: str) -> str:
        return next(value for key, value in self.pairs if key.lower() == name.lower())

    def __iter__(self) -> Iterator[str]:
        return (key for key, _ in self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)

    def items(self) -> Any:
        return list(self.pairs)


GOOD: dict[str, Any] = {
    "a dict": {"X-Niro-Signature": SIGNATURE, "Content-Type": "application/json"},
    "a dict of lists": {"x-niro-signature": [SIGNATURE], "accept": ["a", "b"]},
    "a dict of bytes": {b"x-niro-signature": SIGNATURE.encode()},
    "a mapping": Headers(("x-ii-signature", SIGNATURE)),
    "pairs": [("X-Niro-Signature", SIGNATURE)],
    "pairs of bytes, as ASGI has them": [(b"host", b"e.com"), (b"x-niro-signature", SIGNATURE.encode())],
    "an iterator": iter([("X-Niro-Signature", SIGNATURE)]),
}


@pytest.mark.parametrize("headers", GOOD.values(), ids=GOOD)
def test_headers(headers: Any) -> None:
    job = webhooks.parse(BODY, headers, secret=SECRET)
    assert isinstance(job, DetectJob)
    assert job.job_results[0].class_ == "Tür" and job.raw is BODY


BAD: dict[str, tuple[Any, str]] = {
    "none": (None, "missing"),
    "empty": ({}, "missing"),
    "doubled": (Headers(("X-Niro-Signature", SIGNATURE), ("x-niro-signature", SIGNATURE)), "doubled"),
    "doubled in a list": ({"x-niro-signature": [SIGNATURE, SIGNATURE]}, "doubled"),
    "under both names": ({"x-niro-signature": SIGNATURE, "X-II-Signature": SIGNATURE}, "doubled"),
    "malformed": ({"x-niro-signature": SIGNATURE[:-1]}, "malformed"),
    "of another body": ({"x-niro-signature": "sha256=" + "0" * 64}, "mismatch"),
}


@pytest.mark.parametrize(("headers", "reason"), BAD.values(), ids=BAD)
def test_a_signature_that_is_not_good(headers: Any, reason: str) -> None:
    with pytest.raises(WebhookVerificationError) as raised:
        webhooks.parse(BODY, headers, secret=["another key", SECRET])
    assert (raised.value.reason, raised.value.kind) == (reason, "webhook_verification")
    assert SECRET not in str(raised.value)


def test_bodies() -> None:
    for body in (bytearray(BODY), memoryview(BODY), BODY.decode()):
        job = webhooks.parse(body, {"x-niro-signature": SIGNATURE}, secret=SECRET)
        assert isinstance(job, DetectJob) and job.raw == BODY
    for parsed in ({"id": "1"}, None, 7, [BODY]):
        with pytest.raises(InvalidRequestError, match="pass the raw bytes"):
            webhooks.parse(parsed)  # type: ignore[arg-type]
    with pytest.raises(InvalidWebhookError, match="UTF-8"):
        webhooks.parse("\ud800")
    with pytest.raises(InvalidRequestError, match="kind: "):
        webhooks.parse(BODY, kind="Detect")
    with pytest.raises(InvalidRequestError, match="kind: "):
        webhooks.parse(BODY, kind="\ud800")


def test_secrets() -> None:
    headers = {"x-niro-signature": SIGNATURE}
    assert webhooks.parse(BODY, headers, secret=["old", SECRET])
    for secret in (None, [], ["1", "2", "3", "4", "5"], "", b"bytes", 7, [7], "\ud800", ["\ud800"]):
        with pytest.raises(ConfigError):
            webhooks.parse(BODY, headers, secret=secret)  # type: ignore[arg-type]


def test_odd_headers_are_an_error_and_not_a_crash() -> None:
    for headers in (7, [("a",)], [7], {"x-niro-signature": 7}, {7: SIGNATURE}):
        with pytest.raises(InvalidRequestError, match="headers: "):
            webhooks.parse(BODY, headers, secret=SECRET)  # type: ignore[arg-type]


def test_callback_keys() -> None:
    keys = webhooks.CallbackKeys({1: bytes(32), 2: b"2" * 32})
    base = "https://hooks.example.com/ii"
    expires = datetime(2027, 1, 15, tzinfo=UTC)
    token = keys.mint("detect", expires=expires, rid="ab" * 16, base=base)
    said = keys.verify(token, base, now=expires.timestamp() - 1)
    assert said == webhooks.CallbackToken("detect", "ab" * 16, int(expires.timestamp()), 2)
    with pytest.raises(WebhookVerificationError) as raised:
        keys.verify(token, [base], now=expires)
    assert raised.value.reason == "expired"
    assert repr(keys) == "<CallbackKeys [1, 2]>"
    assert keys.verify(keys.mint("ask", expires=1e10, rid=bytes(16), base=base), [base]).kind == "ask"


def test_callback_keys_that_are_wrong() -> None:
    odd: list[Any] = [{}, {1: b"short"}, {256: bytes(32)}, {-1: bytes(32)}, {"1": bytes(32)}, {1: "x" * 32}, [1], None]
    for masters in odd:
        with pytest.raises(ConfigError):
            webhooks.CallbackKeys(masters)
    keys = webhooks.CallbackKeys({1: bytes(32)})
    base = "https://hooks.example.com/ii"
    with pytest.raises(InvalidRequestError, match="rid"):
        keys.mint("detect", expires=1, rid="ab", base=base)
    with pytest.raises(InvalidRequestError, match="expires"):
        keys.mint("detect", expires=datetime(2027, 1, 1), rid=bytes(16), base=base)
    with pytest.raises(InvalidRequestError, match="kind"):
        keys.mint("Detect", expires=1, rid=bytes(16), base=base)
    with pytest.raises(InvalidRequestError, match="token"):
        keys.verify(None, [base])  # type: ignore[arg-type]
    with pytest.raises(InvalidRequestError, match="bases: a list wanted, NoneType given"):
        keys.verify("x" * 52, None)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequestError, match="bases: character 14 is half"):
        keys.verify("x" * 52, "https://e.com/\ud800")
    with pytest.raises(InvalidRequestError, match="base: character 0 is half"):
        keys.callback_url("x" * 52, "\ud800")
    with pytest.raises(WebhookVerificationError) as raised:  # a stranger sent it
        keys.verify("\ud800" * 52, [base])
    assert raised.value.reason == "malformed"
    with pytest.raises(InvalidRequestError, match="bases"):
        keys.verify("x" * 52, [7])  # type: ignore[list-item]
