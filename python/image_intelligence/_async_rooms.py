"""Jobs that were made before, and feedback about them, for asyncio. Loaded when they are first asked for."""

import builtins
from collections.abc import Iterable, Mapping
from typing import ClassVar, Generic, TypeVar

from . import _decode
from ._arguments import arguments
from ._async_client import answered
from ._checks import text, text_or_none
from ._decode import many, one
from ._rooms import Room, feedback_request
from ._searches import Moment, job_search
from .models import AskJob, DetectJob, Feedback, FeedbackClass, MatchJob

J = TypeVar("J")


class AsyncJobs(Room, Generic[J]):
    """Jobs of a kind that were made before."""

    __slots__ = ()
    _kind: ClassVar[str]

    async def get(self, id: str) -> J:
        """As `DetectJobs.get`. Raises `NotFoundError` where the API does not know the job."""
        call = arguments(id=text("id", id))
        read: J = _decode.job(self._kind, await answered(self._native.start_call, f"{self._kind}.get", call))
        return read

    async def search(
        self,
        *,
        custom_id: str | None = None,
        feed_id: str | None = None,
        before: Moment | None = None,
        after: Moment | None = None,
    ) -> list[J]:
        """As `DetectJobs.search`: the jobs that meet every condition, in no promised order."""
        search = job_search(custom_id, feed_id, before, after)
        read: list[J] = _decode.jobs(
            self._kind, await answered(self._native.start_call, f"{self._kind}.search", search)
        )
        return read


class AsyncDetectJobs(AsyncJobs[DetectJob]):
    """Detect jobs that were made before: `client.detect_jobs`."""

    __slots__ = ()
    _kind = "detect"


class AsyncMatchJobs(AsyncJobs[MatchJob]):
    """Match jobs that were made before: `client.match_jobs`."""

    __slots__ = ()
    _kind = "match"


class AsyncAskJobs(AsyncJobs[AskJob]):
    """Ask jobs that were made before: `client.ask_jobs`."""

    __slots__ = ()
    _kind = "ask"


class AsyncFeedbacks(Room):
    """Feedback about detect jobs: `client.feedback`."""

    __slots__ = ()

    async def create(self, job_id: str, classes: Mapping[str, str] | Iterable[FeedbackClass]) -> Feedback:
        """As `Feedbacks.create`. Where the answer is lost, `OutcomeUnknownError` is raised."""
        call = feedback_request(job_id, classes)
        return one(Feedback, await answered(self._native.start_call, "feedback.create", call))

    async def get(self, id: str) -> Feedback:
        """Feedback by its id. Raises `NotFoundError` where the API does not know it."""
        call = arguments(id=text("id", id))
        return one(Feedback, await answered(self._native.start_call, "feedback.get", call))

    async def list(self, job_id: str | None = None) -> builtins.list[Feedback]:
        """The feedback about a detect job, or all of it."""
        call = arguments(id=text_or_none("job_id", job_id))
        return many(Feedback, await answered(self._native.start_call, "feedback.list", call))
