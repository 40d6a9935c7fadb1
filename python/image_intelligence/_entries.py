"""What an inbox shows to somebody who looks into it. Loaded with the inbox."""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from . import _decode
from ._checks import text_or_none
from .errors import InvalidRequestError


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
