"""Webhooks: what came, whether it is genuine, and the callback URLs that prove a sender who cannot sign.

>>> import json
>>> from image_intelligence import DetectJob, webhooks
>>> body = json.dumps({"id": "5d689c71", "status": "COMPLETED_SUCCESSFULLY", "jobResults": [{"class": "person"}]})
>>> match webhooks.parse(body):
...     case DetectJob(status="COMPLETED_SUCCESSFULLY") as job:
...         print(job.id)
...     case other:
...         print("not ours:", other.raw)
5d689c71
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from msgspec import UNSET, MsgspecError, Struct, UnsetType

from . import _core
from ._checks import listed, named, text
from ._core import judge
from ._decode import DECODERS, MODELS
from .errors import ConfigError, InvalidRequestError, InvalidWebhookError
from .models import AskJob, DetectJob, MatchJob, RecognizeJob, RegisteredEvent

HeaderValue: TypeAlias = str | bytes | Sequence[str]
Headers: TypeAlias = Mapping[str, HeaderValue] | Mapping[bytes, bytes] | Iterable[tuple[str, str] | tuple[bytes, bytes]]

__all__ = ["CallbackKeys", "CallbackToken", "UnknownEvent", "WebhookEvent", "parse"]


class UnknownEvent(Struct, frozen=True):
    """Something that this version cannot name: kept as it came, never dropped."""

    raw: bytes
    """The body as it came."""


WebhookEvent: TypeAlias = DetectJob | MatchJob | AskJob | RecognizeJob | RegisteredEvent | UnknownEvent
"""What a webhook may bring."""


def parse(
    body: bytes | bytearray | memoryview | str,
    headers: Headers | None = None,
    *,
    secret: str | Sequence[str] | UnsetType = UNSET,
    path: str | None = None,
    keys: "CallbackKeys | UnsetType" = UNSET,
    base: str | Sequence[str] | None = None,
    kind: str | None = None,
    allow_sha1: bool = False,
) -> WebhookEvent:
    """Reads a webhook's body, as raw bytes: a job of one of the four kinds, an event of a registered webhook, or an
    `UnknownEvent`.

    With a `secret` (or up to four that are in use; never `None`, which is what a variable that is not set gives) the
    signature in `headers` is checked first, over the bytes as they came: `WebhookVerificationError` says by its
    `reason` what is wrong with it. It stands in the header X-Niro-Signature or X-II-Signature, as `sha256=` and 64 hex
    digits; `allow_sha1` takes the old form too, `sha=` and 40 hex digits. `kind` is what you know it to be: the kind of
    the job whose webhook it is, or `event`, as everything is that comes to a route of registered webhooks. It wins
    over every sign in the body.

    With `keys` it is the `path` of the request (or its URL) that is checked first: its last part must be a callback
    token that the keys made for the public address `base`, which is that of the keys where none is said. Then the body
    is a job of the kind that the token was made for. `WebhookVerificationError` says what is wrong: tell the sender 404
    and no more.

    Raises `InvalidWebhookError` only where the body is not UTF-8 or no JSON object. A per-job webhook is not signed:
    its body is a hint until you have fetched the job.

    >>> import hashlib, hmac
    >>> body = b'{"id": "5d689c71", "status": "IN_PROGRESS", "jobResults": [], "imageResults": []}'
    >>> signed = {"X-Niro-Signature": "sha256=" + hmac.new(b"a secret key", body, hashlib.sha256).hexdigest()}
    >>> parse(body, signed, secret="a secret key").is_done
    False
    >>> keys = CallbackKeys({1: bytes(range(32))}, base="https://hooks.example.com/ii")
    >>> token = keys.mint("detect", expires=4_000_000_000, rid=bytes(16))
    >>> parse(body, path=f"/ii/cb/{token}", keys=keys).is_done
    False
    """
    if type(body) is not bytes:
        body = _bytes(body)
    if secret is None:
        raise ConfigError("secret: None given; pass the secret, or leave it out where webhooks are not signed")
    if keys is not UNSET or path is not None:
        kind = _verified(keys, path, base).kind
    event, json = judge(body, headers, None if secret is UNSET else secret, kind, allow_sha1)
    if event == "unknown":
        return UnknownEvent(body)
    try:
        read: DetectJob | MatchJob | AskJob | RecognizeJob | RegisteredEvent = DECODERS[MODELS[event]](json)
    except MsgspecError as error:  # pragma: no cover - core has judged it, so this is a bug of ours
        raise InvalidWebhookError(f"the body could not be decoded ({error}); please report it") from error
    read.raw = body
    return read


def _verified(keys: object, path: object, base: str | Sequence[str] | None) -> "CallbackToken":
    if not isinstance(keys, CallbackKeys):
        given = "not given" if keys is UNSET else f"{named(keys)} given"
        raise ConfigError(f"keys: {given}; pass the CallbackKeys that made the callback URLs")
    if path is None:
        raise ConfigError("path: not given; pass the path of the request, in which the callback token stands")
    return keys.verify_path(path, base)  # type: ignore[arg-type]


def _bytes(body: object) -> bytes:
    if isinstance(body, str):
        try:
            return body.encode()
        except UnicodeEncodeError as error:
            raise InvalidWebhookError("body: text that is no UTF-8; pass the raw bytes of the request") from error
    if isinstance(body, (bytes, bytearray, memoryview)):
        return bytes(body)
    raise InvalidRequestError(f"body: {named(body)} given; pass the raw bytes of the request, before any parsing")


class CallbackToken(Struct, frozen=True):
    """What a callback token says. It was checked, so we said it."""

    kind: str
    """What the job does."""
    rid: str
    """Our own name for the job, in hex."""
    expires: int
    """From when on it is good no more: a UNIX time in seconds."""
    key_id: int
    """The key that made it."""


class CallbackKeys:
    """A ring of up to four masters by key id, each 32 random bytes. The last one signs; the others only check. `base`
    is the public address of today, or a list of that and up to three former ones, for calls that are given none.

    A per-job webhook is not signed. A URL that carries such a token proves that it was you who gave it out.

    >>> from image_intelligence import webhooks
    >>> keys = webhooks.CallbackKeys({1: bytes(range(32))})
    >>> base = "https://hooks.example.com/ii"
    >>> token = keys.mint("detect", expires=1_800_000_000, rid=bytes(range(16)), base=base)
    >>> token
    'AQEBa0nSAAABAgMEBQYHCAkKCwwNDg8FZkrLGgH_fNyb3MY_jM8j'
    >>> keys.callback_url(token, base)
    'https://hooks.example.com/ii/cb/AQEBa0nSAAABAgMEBQYHCAkKCwwNDg8FZkrLGgH_fNyb3MY_jM8j'
    >>> keys.verify(token, [base], now=1_799_999_999).kind
    'detect'
    """

    __slots__ = ("_bases", "_ids", "_native")

    def __init__(self, masters: Mapping[int, bytes], *, base: str | Sequence[str] | None = None) -> None:
        if not hasattr(masters, "items"):
            raise ConfigError(f"callback keys: a dict of masters by key id wanted, {named(masters)} given")
        pairs: list[tuple[int, bytes]] = []
        for key_id, master in masters.items():
            if isinstance(key_id, bool) or not isinstance(key_id, int) or not 0 <= key_id <= 255:
                raise ConfigError(f"callback keys: {key_id!r} given as an id, a number from 0 to 255 wanted")
            if not isinstance(master, (bytes, bytearray, memoryview)):
                raise ConfigError(f"callback keys: key {key_id} is a {named(master)}, 32 bytes wanted")
            pairs.append((key_id, bytes(master)))
        self._native = _core.CallbackKeys(pairs)
        self._ids = [key_id for key_id, _ in pairs]
        self._bases = [] if base is None else _listed_bases(base)

    def __repr__(self) -> str:
        return f"<CallbackKeys {self._ids}>"

    def mint(self, kind: str, *, expires: float | datetime, rid: bytes | str, base: str | None = None) -> str:
        """The token of a job's callback URL: for a job of that `kind` with that `rid` (16 bytes, or 32 hex digits),
        good until `expires` (a UNIX time in seconds, or a datetime with a zone), at the public address `base`."""
        hexed = text("rid", rid.hex() if isinstance(rid, bytes) else rid)
        return self._native.mint(text("kind", kind), int(_moment("expires", expires)), hexed, self._base(base))

    def callback_url(self, token: str, base: str | None = None) -> str:
        """What to give to a job as its `webhook_url`."""
        return self._native.callback_url(text("token", token), self._base(base))

    def verify(
        self, token: str, bases: str | Sequence[str] | None = None, now: float | datetime | None = None
    ) -> CallbackToken:
        """Checks a token, before anything else of a request is looked at.

        `bases` are the public address of today and up to three former ones. Raises `WebhookVerificationError`; its
        `reason` is for your logs: tell the sender 404 and no more.
        """
        known = self._known(bases)
        return CallbackToken(*self._native.verify(_strangers("token", token), known, _now(now)))

    def verify_path(
        self, path: str, bases: str | Sequence[str] | None = None, now: float | datetime | None = None
    ) -> CallbackToken:
        """As `verify`, of the path or URL of a request, whose last part is the token."""
        known = self._known(bases)
        return CallbackToken(*self._native.verify_path(_strangers("path", path), known, _now(now)))

    def _base(self, base: str | None) -> str:
        if base is None and self._bases:
            return self._bases[0]
        return text("base", base)

    def _known(self, bases: str | Sequence[str] | None) -> list[str]:
        return self._bases if bases is None and self._bases else _listed_bases(bases)


def _listed_bases(bases: object) -> list[str]:
    return [text("bases", base) for base in ([bases] if isinstance(bases, str) else listed("bases", bases))]


def _strangers(name: str, given: object) -> str:
    """What a stranger sent. Half a character is as malformed as any other that no token has."""
    return text(name, given.encode(errors="replace").decode() if isinstance(given, str) else given)


def _now(now: float | datetime | None) -> int:
    return int((time.time() if now is None else _moment("now", now)) * 1000)


def _moment(name: str, value: float | datetime) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and -1e11 < value < 1e11:
        return value
    stamp = getattr(value, "timestamp", None)
    if stamp is None or getattr(value, "tzinfo", None) is None:
        raise InvalidRequestError(
            f"{name}: a UNIX time in seconds or a datetime with a time zone wanted, {value!r} given"
        )
    return float(stamp())
