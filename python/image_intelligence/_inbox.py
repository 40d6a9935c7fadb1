"""The inbox, and what it gives to handlers. Loaded when it is first asked for."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from enum import StrEnum
from types import TracebackType
from typing import Any, Self, TypeAlias

from msgspec import Struct

# Under its whole name, as in `_client`.
import image_intelligence

from . import _core, _decode
from ._arguments import flag, seconds
from ._checks import listed, named, text, text_or_none
from ._client import Unpicklable
from .errors import ConfigError, ImageIntelligenceError, InvalidRequestError
from .models import GaveUp
from .webhooks import CallbackKeys, UnknownEvent, WebhookEvent

DeliveredEvent: TypeAlias = WebhookEvent | GaveUp
"""What an inbox may give: what a webhook may bring, and the end of a job of ours that will have no result."""

SqlValue: TypeAlias = str | bytes | int | float | bool | None

Came: TypeAlias = tuple[_core.Delivery, tuple[str, bytes | None, bytes, str, str | None, int, int, bool, int]]
"""What the native inbox hands over."""


class EventState(StrEnum):
    """How far an event has come."""

    RECEIVED = "received"
    """It is on the disk, and waits until the API confirms it."""
    READY = "ready"
    """It waits for a handler, or for its next attempt."""
    LEASED = "leased"
    """A handler has it."""
    DONE = "done"
    """A handler is done with it."""
    DEAD = "dead"
    """A dead letter: no handler could."""


class Entry(Struct, frozen=True, kw_only=True, rename="camel"):
    """An event as it stands in the inbox. Times are UNIX times in milliseconds, by the inbox's clock."""

    seq: int
    """Its number in the inbox, which `replay` takes."""
    idempotency_key: str
    """What its deliveries have as theirs."""
    rid: str | None = None
    """Our own name for the job, where it is one of ours."""
    job_id: str | None = None
    """The service's name for the job, where it is known."""
    kind: str
    """What it is: `detect`, `match`, `ask`, `recognize`, `event`, `gave_up` or `unknown`."""
    state: str
    """How far it has come. An `EventState`."""
    signed: bool
    """Whether it carried a signature, which was checked."""
    attempts: int
    """How often it was handed out."""
    deliveries: int
    """How many webhooks brought it; none where the result was fetched."""
    received_at: int
    """When it came first."""
    confirmed_at: int | None = None
    """When the API was found to say the same."""
    done_at: int | None = None
    """When a handler was done with it."""
    next_at: int | None = None
    """When it is due again."""
    error: str | None = None
    """What the last handler said that could not."""
    size: int
    """How many bytes the body has, or had."""
    body: bytes | None = None
    """The body: only where one event was asked for by its number, and it was not pruned."""


class EventCounts(Struct, frozen=True, kw_only=True, rename="camel"):
    """How many events there are in each state."""

    received: int
    ready: int
    leased: int
    done: int
    dead: int


class JobCounts(Struct, frozen=True, kw_only=True, rename="camel"):
    """How many jobs of ours there are in each state."""

    intended: int
    """About to be sent."""
    expected: int
    """Sent; the result is awaited."""
    unknown: int
    """Nobody knows whether it exists."""
    refused: int
    """It does not exist."""
    completed: int
    """The result is here."""
    gave_up: int
    """There will be no result."""


class Counts(Struct, frozen=True, kw_only=True, rename="camel"):
    """How many there are."""

    events: EventCounts
    """Events by state."""
    jobs: JobCounts
    """Jobs of ours by state."""
    oldest_ready_ms: int | None = None
    """How long the event has waited, in milliseconds, that waits for a handler the longest."""


class Pruned(Struct, frozen=True, kw_only=True, rename="camel"):
    """What was taken away."""

    bodies: int
    """Bodies of events that are done."""
    events: int
    """Events of which nothing is left."""
    jobs: int
    """Jobs of ours of which nothing is left."""


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
        """Whether it was acked, nacked or buried."""
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


def opened(target: object, durations: dict[str, object], counts: dict[str, object], **others: object) -> _core.Inbox:
    """The native inbox of both."""
    settings: dict[str, object] = {name: seconds(name, value, ConfigError) for name, value in durations.items()}
    for name, value in counts.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31):
            raise ConfigError(f"inbox: {name}: a number from 1 wanted, {value!r} given")
        settings[name] = value
    keys = others["callback_keys"]
    if keys is not None and not isinstance(keys, CallbackKeys):
        raise ConfigError(f"callback_keys: a CallbackKeys wanted, {named(keys)} given")
    settings["callback_keys"] = None if keys is None else keys._native
    settings["existing"] = flag("existing", others["existing"])
    if isinstance(target, str):
        return _core.Inbox(text("target", target, ConfigError), settings)
    if not isinstance(target, os.PathLike):
        raise ConfigError(f"target: a path or a URL wanted, {named(target)} given")
    return _core.Inbox(target, settings)


def wanted(state: object, kind: object, job: object, before: object, limit: object) -> dict[str, object]:
    """Which events are wanted."""
    if isinstance(limit, bool) or not isinstance(limit, int) or not 0 <= limit < 2**31:
        raise InvalidRequestError(f"limit: a number wanted, {limit!r} given")
    return {
        "state": text_or_none("state", state),
        "kind": text_or_none("kind", kind),
        "job": text_or_none("job", job),
        "before": None if before is None else number("before", before),
        "limit": limit,
    }


def number(name: str, value: object) -> int:
    """The number of an event."""
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise InvalidRequestError(f"{name}: the number of an event wanted, {value!r} given")
    return value


def numbers(seqs: object) -> list[int]:
    """The numbers of events."""
    given = [seqs] if isinstance(seqs, int) else iter(seqs)  # type: ignore[call-overload]
    return [number("seqs", seq) for seq in given]


def entries(answers: Iterable[tuple[bytes, bytes | None]]) -> list[Entry]:
    """What was found, each with its body where it has one."""
    from msgspec.structs import replace

    read = []
    for json, body in answers:
        entry: Entry = _decode.DECODERS[Entry](json)
        read.append(entry if body is None else replace(entry, body=body))
    return read


def counted(json: bytes) -> Counts:
    """How many there are."""
    read: Counts = _decode.DECODERS[Counts](json)
    return read


def pruned(json: bytes) -> Pruned:
    """What was taken away."""
    read: Pruned = _decode.DECODERS[Pruned](json)
    return read


class Inbox(Unpicklable):
    """Events that are on the disk, each until a handler is done with it. `for delivery in inbox:` gives them as they
    come, and ends once the inbox is closed.

    Any number of threads may iterate, in any number of processes: each event is in one handler's hands at a time. It is
    handed out again where a handler fails, where its process dies, and where it takes too long.

    A forked child has none of its parent's: each call raises `ClosedError` there. Open it again.

    >>> import hashlib, hmac, tempfile, urllib.request
    >>> from image_intelligence import Inbox, Receiver, RegisteredEvent
    >>> inbox = Inbox.open(tempfile.mkdtemp() + "/inbox.db")  # or postgres://..
    >>> receiver = Receiver(inbox, public_url="https://hooks.acme.com/ii", listen="127.0.0.1:0", secrets=["whsec"])
    >>> body = b'{"event": "IDENTITY_CREATED", "identity": {"id": "i-7"}}'  # as the service posts it
    >>> signature = "sha256=" + hmac.new(b"whsec", body, hashlib.sha256).hexdigest()
    >>> host, port = receiver.address
    >>> request = urllib.request.Request(f"http://{host}:{port}/ii/events", body, {"X-Niro-Signature": signature})
    >>> urllib.request.urlopen(request).status
    200
    >>> for delivery in inbox:
    ...     with delivery:  # acks at the end, nacks where this raises
    ...         match delivery.event:
    ...             case RegisteredEvent(event=name):
    ...                 print(name, delivery.attempt)
    ...             case other:
    ...                 print("not ours:", other)
    ...     break
    IDENTITY_CREATED 1
    >>> inbox.counts().events.done
    1
    >>> receiver.close()
    """

    __slots__ = ("_native",)

    def __init__(self, native: _core.Inbox) -> None:
        """Use `Inbox.open`."""
        self._native = native

    @classmethod
    def open(
        cls,
        target: str | os.PathLike[str],
        *,
        lease: float | timedelta | None = None,
        handler_timeout: float | timedelta | None = None,
        attempts: int | None = None,
        retry_pause: float | timedelta | None = None,
        longest_retry_pause: float | timedelta | None = None,
        prune_bodies_after: float | timedelta | None = None,
        prune_keys_after: float | timedelta | None = None,
        prefetch: int | None = None,
        shutdown_timeout: float | timedelta | None = None,
        callback_keys: "image_intelligence.webhooks.CallbackKeys | None" = None,
        existing: bool = False,
    ) -> Self:
        """Opens the inbox in a file (`inbox.db`) or a database that many machines share (`postgres://user@host/name`);
        where it does not exist yet, it is made.

        Durations are seconds or a timedelta. `lease` is after how long the events of a process that died go to others
        (60 s), and `handler_timeout` for how long a handler may have one (15 minutes). A failed one is handed out
        `attempts` times in all (12), after random pauses up to `retry_pause` (5 s), which double with each attempt up
        to `longest_retry_pause` (1 h). The body of an event is kept for `prune_bodies_after` once it is done (7 days),
        and that it came for `prune_keys_after` (90 days). `prefetch` is how many are leased ahead (16), and
        `shutdown_timeout` for how long `close` waits for handlers (25 s). `callback_keys` make and check callback URLs;
        without them those of `II_CALLBACK_KEYS` do, or the inbox's own. With `existing` a file is only opened where it
        exists: for a tool that looks into it.

        Raises `ConfigError` where something is wrong, `StoreError` where it cannot be opened.
        """
        durations: dict[str, object] = {
            "lease": lease,
            "handler_timeout": handler_timeout,
            "retry_pause": retry_pause,
            "longest_retry_pause": longest_retry_pause,
            "prune_bodies_after": prune_bodies_after,
            "prune_keys_after": prune_keys_after,
            "shutdown_timeout": shutdown_timeout,
        }
        counts: dict[str, object] = {"attempts": attempts, "prefetch": prefetch}
        return cls(opened(target, durations, counts, callback_keys=callback_keys, existing=existing))

    def __iter__(self) -> Iterator[Delivery]:
        return self

    def __next__(self) -> Delivery:
        """The next event for a handler, as soon as there is one. Ctrl-C ends the wait at once, and nothing is lost."""
        came = self._native.next()
        if came is None:
            raise StopIteration
        return Delivery(came)

    def list(
        self,
        *,
        state: str | None = None,
        kind: str | None = None,
        job: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Entry]:
        """Events, newest first, without their bodies: only those in that `state` (an `EventState`), of that `kind`, of
        that `job` (the service's name for it, or our rid), with a number below `before`; at most `limit`."""
        return entries(self._native.list(wanted(state, kind, job, before, limit)))

    def show(self, seq: int) -> Entry | None:
        """One event and its body, by its number; `None` where there is none."""
        return next(iter(entries(self._native.ask(("entry", [number("seq", seq)])))), None)

    def replay(self, seqs: int | Iterable[int]) -> int:
        """Has events handled again that are done or dead letters, from their first attempt on, by their numbers. Gives
        how many: not those whose body was pruned, nor those that wait for a handler anyway."""
        count: int = self._native.ask(("replay", numbers(seqs)))
        return count

    def replay_dead(self) -> int:
        """Has all dead letters handled again, from their first attempt on. Gives how many."""
        count: int = self._native.ask(("replay_dead", []))
        return count

    def prune(self) -> Pruned:
        """Takes away what is old enough, now; it happens by itself every hour."""
        return pruned(self._native.ask(("prune", [])))

    def counts(self) -> Counts:
        """How many events and jobs there are in each state."""
        return counted(self._native.ask(("counts", [])))

    def add_key(self) -> int:
        """Makes a new key for callback URLs, with which every receiver signs that is opened from now on. The former
        ones still check; of more than four the oldest goes. Gives its id. Raises `ConfigError` where the keys were
        given to the inbox."""
        key_id: int = self._native.ask(("add_key", []))
        return key_id

    def close(self) -> None:
        """Closes the inbox: iterators end, and receivers take nothing more. Waits for handlers that have an event, up
        to `shutdown_timeout`; what is out after that is handed out again when the inbox is opened. Where there is a
        receiver, close that: it closes its inbox too."""
        self._native.ask(("close", []))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
