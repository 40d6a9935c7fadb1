"""Handles of jobs that were submitted. Loaded with the first one."""

from datetime import timedelta
from typing import Any, Generic, TypeAlias, TypeVar

# Under its whole name, as in `_client`; named in texts alone.
import image_intelligence  # noqa: F401

from . import _core
from ._arguments import wait_limit
from ._client import Unpicklable

J = TypeVar("J")


class Handle(Unpicklable):
    """What a job's handle says of it, whichever client it is of."""

    __slots__ = ("_native",)

    def __init__(self, native: _core.Job) -> None:
        self._native = native

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"

    @property
    def id(self) -> str:
        """The service's name for the job."""
        return self._native.id

    @property
    def custom_id(self) -> str | None:
        """The name that the job was given, by you or by us; `None` where it was resumed."""
        return self._native.custom_id

    @property
    def created_at(self) -> int:
        """When the job was made, by the service's clock: milliseconds since the UNIX epoch."""
        return self._native.created_at

    @property
    def resume_token(self) -> str:
        """A line of text with which `client.resume(..)` takes the job up again, in any process and any language."""
        return self._native.resume_token


def decoded(job: _core.Job, answer: tuple[bytes, bytes]) -> Any:
    """The model of what came. Who only submits loads none."""
    from . import _decode

    return _decode.job(job.kind, answer)


class JobHandle(Handle, Generic[J]):
    """A job that was submitted. Dropping it, or a wait on it, never cancels the job."""

    __slots__ = ()

    def get(self) -> J:
        """The job as it is now, done or not."""
        read: J = decoded(self._native, self._native.get())
        return read

    def wait(self, timeout: float | timedelta | None = None) -> J:
        """Waits until the job is done, for at most `timeout` seconds (or a timedelta): 15 minutes where none is said.

        A job that ended with errors is a result. Raises `WaitTimeoutError`, which carries a resume token;
        `JobLostError` where the API no longer knows the job; `AuthenticationError` and the like. Whatever may pass,
        passes: a reset, a 503 or a 429 does not end a wait. Ctrl-C does, at once. One last look at the deadline may
        take up to 5 s more.

        >>> from image_intelligence import Client, WaitTimeoutError
        >>> with Client() as client:
        ...     job = client.detect([b"no picture"], classes=["person"])
        ...     try:
        ...         print(job.wait(timeout=30).status)
        ...     except WaitTimeoutError as error:
        ...         print("later:", error.resume_token)
        COMPLETED_ALL_ERROR
        """
        read: J = decoded(self._native, self._native.wait(wait_limit(timeout)))
        return read


class DetectHandle(JobHandle["image_intelligence.DetectJob"]):
    """A detect job that was submitted. Dropping it, or a wait on it, never cancels the job."""

    __slots__ = ()


class MatchHandle(JobHandle["image_intelligence.MatchJob"]):
    """A match job that was submitted. Dropping it, or a wait on it, never cancels the job."""

    __slots__ = ()


class AskHandle(JobHandle["image_intelligence.AskJob"]):
    """An ask job that was submitted. Dropping it, or a wait on it, never cancels the job."""

    __slots__ = ()


class RecognizeHandle(JobHandle["image_intelligence.RecognizeJob"]):
    """A recognize job that was submitted. Dropping it, or a wait on it, never cancels the job."""

    __slots__ = ()


AnyHandle: TypeAlias = DetectHandle | MatchHandle | AskHandle | RecognizeHandle
"""A job of any kind that was submitted: what a resume token gives."""
OF_KIND: dict[str, type[AnyHandle]] = {
    "detect": DetectHandle,
    "match": MatchHandle,
    "ask": AskHandle,
    "recognize": RecognizeHandle,
}
