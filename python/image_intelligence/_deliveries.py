"""Events in a handler's hands. Loaded with the inbox."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeAlias

from . import _core, _decode
from ._arguments import seconds
from ._checks import listed, named, text
from ._client import Unpicklable
from .errors import ImageIntelligenceError, InvalidRequestError
from .models import GaveUp
from .webhooks import UnknownEvent, WebhookEvent

DeliveredEvent: TypeAlias = WebhookEvent | GaveUp
"""What an inbox may give: what a webhook may bring, and the end of a job of ours that will have no result."""

SqlValue: TypeAlias = str | bytes | int | float | bool | None

Came: TypeAlias = tuple[_core.Delivery, tuple[str, bytes | None, bytes, str, str | None, int, int, bool, int]]
"""What the native inbox hands over."""


class HandedOut(Unpicklable):
    """What a delivery says of its event, whichever inbox it is of."""

    __slots__ = (
        "_event",
        "_json",
        "_kind",
        "_native",
        "attempt",
        "idempotency_key",
        "is_signed",
        "raw",
        "received_at",
        "rid",
        "seq",
    )

    def __init__(self, came: Came) -> None:
        self._native, facts = came
        # Dropped before this, it would go back with no attempt counted.
        self._native.seen()
        self._kind, self._json, self.raw, self.idempotency_key, self.rid = facts[:5]
        self.attempt, self.received_at, self.is_signed, self.seq = facts[5:]
        self._event: DeliveredEvent | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.seq}: {self._kind}, attempt {self.attempt}>"

    attempt: int
    """How often it was handed out, this time too: 1 at the first."""
    idempotency_key: str
    """The same at every attempt, in every process: what makes an effect happen once."""
    is_signed: bool
    """Whether it carried a signature, which was checked."""
    raw: bytes
    """The body, byte for byte: as it came or, once confirmed, as the API has it."""
    received_at: int
    """When it came, by the inbox's clock: milliseconds since the UNIX epoch."""
    rid: str | None
    """Our own name for the job, where it is one of ours."""
    seq: int
    """Its number in the inbox."""

    @property
    def event(self) -> DeliveredEvent:
        """What came: a `DetectJob`, `MatchJob`, `AskJob` or `RecognizeJob`, a `RegisteredEvent`, a `GaveUp` for a job
        of ours that will have no result, or an `UnknownEvent`."""
        if self._event is None:
            if self._json is None:
                self._event = UnknownEvent(self.raw)
            else:
                self._event = _decode.job(self._kind, (self._json, self.raw))
        return self._event

    @property
    def job_id(self) -> str | None:
        """The service's name for the job, where it is one."""
        found: str | None = None if self._kind == "event" else getattr(self.event, "id", None)
        return found

    @property
    def is_held(self) -> bool:
        """Whether it is still yours, as far as is known here. `False`: stop, another handler has it or will."""
        return self._native.is_held

    @property
    def is_settled(self) -> bool:
        """Whether it was acked, nacked or buried, be it in vain: no more can be said of it."""
        return self._native.is_settled


Word: TypeAlias = tuple[str, str, float | None, tuple[str, list[Any]] | None]

ACK: Word = ("ack", "", None, None)


def ack_with_word(sql: object, params: object) -> Word:
    """An ack and what is done with it."""
    if isinstance(params, (str, bytes, Mapping)):
        raise InvalidRequestError(f"params: a list or tuple wanted, {named(params)} given")
    return ("ack", "", None, (text("sql", sql), listed("params", params)))


def nack_word(reason: object, pause: object) -> Word:
    """A nack and its reason."""
    return ("nack", _said(reason), seconds("pause", pause, InvalidRequestError), None)


def bury_word(reason: object) -> Word:
    """That it can never be handled, and why."""
    return ("bury", _said(reason), None, None)


def failure_word(error: BaseException) -> Word:
    """The nack of a handler that raised."""
    return nack_word(f"{type(error).__name__}: {error}", None)


def _said(reason: object) -> str:
    if not isinstance(reason, str):
        raise InvalidRequestError(f"reason: text wanted, {named(reason)} given")
    return str.__str__(reason).encode(errors="replace").decode()


class Delivery(HandedOut):
    """An event, yours until you say what became of it: `ack`, `nack` or `bury`, or `with delivery:`, which acks at its
    end and nacks where its body raises.

    One that is dropped without a word is handed out again after a pause. Its lease is stretched by itself until the
    inbox's `handler_timeout`; then another handler gets it, and an `ack` raises `StoreError`.

    Handlers run at least once. What makes an effect happen once: its `idempotency_key`, or, where the effect is in the
    inbox's own database, `ack_with`.
    """

    __slots__ = ()

    def ack(self) -> None:
        """It is done. When this returns, that is on the disk. Raises `StoreError` where its lease had lapsed."""
        self._native.settle(ACK)

    def ack_with(self, sql: str, params: "Sequence[SqlValue]" = ()) -> None:
        """It is done, and the statement has been run in the very transaction that says so: an effect in the inbox's own
        database happens exactly once. Placeholders are those of the database: `?1` in a file, `$1` in Postgres. Raises
        `StoreError` where it fails: then nothing is kept, and the event is handed out again."""
        self._native.settle(ack_with_word(sql, params))

    def nack(self, reason: str, *, pause: float | timedelta | None = None) -> None:
        """It could not be handled: it is handed out again after a pause that grows with each attempt, or after `pause`
        seconds; after the last attempt it is put away as a dead letter. The `reason` is kept."""
        self._native.settle(nack_word(reason, pause))

    def bury(self, reason: str) -> None:
        """It can never be handled: it is put away as a dead letter at once, from where `Inbox.replay` fetches it."""
        self._native.settle(bury_word(reason))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.is_settled:
            return
        if error is None:
            self.ack()
            return
        # Where that fails the lease lapses, and what the handler raised is what matters.
        with suppress(ImageIntelligenceError):
            self._native.settle(failure_word(error))
