"""Handles of jobs that were submitted, for asyncio. Loaded with the first one."""

from datetime import timedelta
from typing import Generic, TypeAlias, TypeVar

# Under its whole name, as in `_client`; named in texts alone.
import image_intelligence  # noqa: F401

from ._arguments import wait_limit
from ._async_client import answered
from ._handles import Handle, decoded

J = TypeVar("J")


class AsyncJobHandle(Handle, Generic[J]):
    """A job that was submitted. Dropping it, or a wait on it, never cancels the job."""

    __slots__ = ()

    async def get(self) -> J:
        """The job as it is now, done or not."""
        read: J = decoded(self._native, await answered(self._native.start_get))
        return read

    async def wait(self, timeout: float | timedelta | None = None) -> J:
        """As `DetectHandle.wait`; cancelling the task ends the wait, not the job. One last look at the deadline may
        take up to 5 s more."""
        read: J = decoded(self._native, await answered(self._native.start_wait, wait_limit(timeout)))
        return read


class AsyncDetectHandle(AsyncJobHandle["image_intelligence.DetectJob"]):
    """A detect job that was submitted. Dropping it, or a wait on it, never cancels the job."""

    __slots__ = ()


class AsyncMatchHandle(AsyncJobHandle["image_intelligence.MatchJob"]):
    """A match job that was submitted. Dropping it, or a wait on it, never cancels the job."""

    __slots__ = ()


class AsyncAskHandle(AsyncJobHandle["image_intelligence.AskJob"]):
    """An ask job that was submitted. Dropping it, or a wait on it, never cancels the job."""

    __slots__ = ()


class AsyncRecognizeHandle(AsyncJobHandle["image_intelligence.RecognizeJob"]):
    """A recognize job that was submitted. Dropping it, or a wait on it, never cancels the job."""

    __slots__ = ()


AsyncAnyHandle: TypeAlias = AsyncDetectHandle | AsyncMatchHandle | AsyncAskHandle | AsyncRecognizeHandle
"""A job of any kind that was submitted: what a resume token gives."""
OF_KIND: dict[str, type[AsyncAnyHandle]] = {
    "detect": AsyncDetectHandle,
    "match": AsyncMatchHandle,
    "ask": AsyncAskHandle,
    "recognize": AsyncRecognizeHandle,
}
