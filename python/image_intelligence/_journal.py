"""What a journal has of submits of earlier processes. Loaded when it is first asked for."""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from ._arguments import arguments
from ._checks import named
from ._decode import DECODERS
from .errors import InvalidRequestError


class SubmitOutcome(StrEnum):
    """What became of a submit."""

    NOT_SENT = "not_sent"
    """It certainly never left as a whole: there is no job, and it may be sent again."""
    ACCEPTED = "accepted"
    """The job exists, and `client.resume(..)` takes its `resume_token`."""
    UNKNOWN = "unknown"
    """It left, and no job that is provably it was found."""


class Recovered(Struct, frozen=True, kw_only=True, rename="camel"):
    """A submit of an earlier process that nobody saw the end of."""

    rid: str
    """Our own name for the job."""
    kind: str
    """What the job does: `detect`, `match`, `ask` or `recognize`."""
    namespace: str | None = None
    """The namespace of a recognize job."""
    custom_id: str
    """The name that the job carries, if it exists: yours, or else ours."""
    images: int
    """How many pictures it has."""
    sent_at: int
    """When it was sent or was about to be, by the clock of the machine that did. UNIX time in milliseconds."""
    outcome: str
    """What became of it. A `SubmitOutcome`."""
    resume_token: str | None = None
    """With which to resume the job, where it exists."""
    candidates: list[str]
    """The ids of jobs that may be the one, where that is not known; none is proven."""
    message: str | None = None
    """What to do, where it is not known whether the job exists."""


def recovered(answers: Iterable[tuple[bytes, bytes]]) -> list[Recovered]:
    """What was found out of each."""
    return [DECODERS[Recovered](json) for json, _ in answers]


def forgotten(submit: object) -> bytes:
    """The arguments of forgetting one."""
    if not isinstance(submit, Recovered):
        raise InvalidRequestError(f"submit: one of those that recover gives wanted, {named(submit)} given")
    return arguments(id=submit.rid)
