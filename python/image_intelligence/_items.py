"""What became of one picture of many, or of one job of many, and how far a run has come. Loaded with the first run."""

from typing import ClassVar, Generic, Literal, TypeAlias, TypeVar

from msgspec import Struct

# Under its whole name, as in `_client`.
import image_intelligence

R = TypeVar("R", covariant=True)
H = TypeVar("H", covariant=True)
J = TypeVar("J", covariant=True)


class Progress(Struct, frozen=True, kw_only=True):
    """How far a run has come, in pictures. Its `str` is a line for people: `on_progress=print` does.

    >>> from image_intelligence import Progress
    >>> print(Progress(total=5000, done=1280, failed=3, in_flight=512, jobs=29, elapsed=12.34))
    1,280 of 5,000 done, 3 failed, 512 in flight, 29 jobs, 12.3 s
    """

    total: int | None
    """How many there are, where the images have a `len`."""
    done: int
    """Those that have a result."""
    failed: int
    """Those that have an error."""
    in_flight: int
    """Those that were submitted and have neither yet."""
    jobs: int
    """The jobs that were submitted, or taken up again."""
    elapsed: float
    """How long the run has lasted, in seconds."""

    def __str__(self) -> str:
        of = "" if self.total is None else f" of {self.total:,}"
        counts = f"{self.failed:,} failed, {self.in_flight:,} in flight, {self.jobs:,} jobs"
        return f"{self.done:,}{of} done, {counts}, {self.elapsed:.1f} s"


class _Item(Struct, frozen=True, kw_only=True):
    """Which picture it is."""

    index: int
    """Its place among the pictures that you passed in, from 0."""
    source: "image_intelligence.Picture"
    """What you passed in, the very object."""
    custom_id: str | None
    """The name that you gave it with an `Image`."""
    job_id: str | None
    """The job that it was in; `None` where it came into none."""
    chosen: bool
    """Whether its job names it as the answer: the picture that shows the target, or for which it is yes; of a detect
    job, the picture chosen for a class. A job names one picture, so others may show the same."""

    def __repr__(self) -> str:
        fields = ((name, getattr(self, name)) for name in self.__struct_fields__)
        shown = (f"{name}={_brief(value)}" for name, value in fields if value is not None)
        return f"{type(self).__name__}({', '.join(shown)})"


def _brief(value: object) -> str:
    """A picture's bytes are nothing to look at."""
    is_data = isinstance(value, (bytes, bytearray, memoryview))
    return f"<{memoryview(value).nbytes} bytes>" if is_data else repr(value)  # type: ignore[arg-type]


class ItemOk(_Item, Generic[R], frozen=True, kw_only=True):
    """A picture that was looked at."""

    ok: ClassVar[Literal[True]] = True
    """Whether the picture was looked at."""
    result: R
    """What the service says of it."""
    error: None = None
    """There is none."""


class ItemFailed(_Item, Generic[R], frozen=True, kw_only=True):
    """A picture that could not be looked at; one bad picture never sinks the rest."""

    ok: ClassVar[Literal[False]] = False
    """Whether the picture was looked at."""
    result: R | None
    """What the service says of it, where it says something."""
    error: "image_intelligence.ImageIntelligenceError"
    """Why there is no result, or what the result says went wrong."""


Item: TypeAlias = ItemOk[R] | ItemFailed[R]
"""What became of one picture: `item.result` where `item.ok`, else `item.error`."""


class CompletedOk(Struct, Generic[H, J], frozen=True, kw_only=True):
    """A job that is done. One that ended with errors is done too."""

    ok: ClassVar[Literal[True]] = True
    """Whether there is a result."""
    job: H
    """The handle: the very one that was passed in, or one made from the token."""
    result: J
    """The job with its results."""
    error: None = None
    """There is none."""


class CompletedFailed(Struct, Generic[H], frozen=True, kw_only=True):
    """A job of which there is no result."""

    ok: ClassVar[Literal[False]] = False
    """Whether there is a result."""
    job: H
    """The handle: the very one that was passed in, or one made from the token."""
    result: None = None
    """There is none."""
    error: "image_intelligence.ImageIntelligenceError"
    """Why there is none: what `job.wait()` would have raised."""


Completed: TypeAlias = CompletedOk[H, J] | CompletedFailed[H]
"""How a job ended: `completed.result` where `completed.ok`, else `completed.error`."""
