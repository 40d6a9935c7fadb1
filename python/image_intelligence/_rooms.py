"""Jobs that were made before, and feedback about them. Loaded when they are first asked for."""

import builtins
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Generic, TypeVar

from . import _core, _decode
from ._arguments import arguments, written
from ._checks import listed, text, text_or_none
from ._client import Unpicklable
from ._decode import many, one
from ._searches import Moment, job_search
from .errors import InvalidRequestError
from .models import AskJob, DetectJob, Feedback, FeedbackClass, MatchJob

J = TypeVar("J")


class Room(Unpicklable):
    """Some calls of a client."""

    __slots__ = ("_native",)

    def __init__(self, native: _core.Client) -> None:
        self._native = native


class Jobs(Room, Generic[J]):
    """Jobs of a kind that were made before."""

    __slots__ = ()
    _kind: ClassVar[str]

    def get(self, id: str) -> J:
        """The job as it is now. Raises `NotFoundError` where the API does not know it.

        Which files you sent is not known here, nor their place: a picture's `input` is `None`. `resume` knows it.

        >>> from image_intelligence import Client
        >>> with Client() as client:
        ...     job = client.detect([b"no picture"], classes=["person"])
        ...     assert client.detect_jobs.get(job.id).id == job.id
        """
        read: J = _decode.job(self._kind, self._native.call(f"{self._kind}.get", arguments(id=text("id", id))))
        return read

    def search(
        self,
        *,
        custom_id: str | None = None,
        feed_id: str | None = None,
        before: Moment | None = None,
        after: Moment | None = None,
    ) -> list[J]:
        """The jobs that meet every condition, in no promised order; `[]` where there is none.

        A moment is milliseconds since the UNIX epoch, or a datetime with a time zone. There is no paging: narrow with
        `after` and `before`. Whether they include their bound is not promised, so let windows overlap.

        >>> from image_intelligence import Client
        >>> with Client() as client:
        ...     job = client.detect([b"no picture"], classes=["person"], feed_id="garage")
        ...     found = client.detect_jobs.search(feed_id="garage", after=job.created_at - 60_000)
        ...     assert job.id in [other.id for other in found]
        """
        search = job_search(custom_id, feed_id, before, after)
        read: list[J] = _decode.jobs(self._kind, self._native.call(f"{self._kind}.search", search))
        return read


class DetectJobs(Jobs[DetectJob]):
    """Detect jobs that were made before: `client.detect_jobs`."""

    __slots__ = ()
    _kind = "detect"


class MatchJobs(Jobs[MatchJob]):
    """Match jobs that were made before: `client.match_jobs`."""

    __slots__ = ()
    _kind = "match"


class AskJobs(Jobs[AskJob]):
    """Ask jobs that were made before: `client.ask_jobs`."""

    __slots__ = ()
    _kind = "ask"


def feedback_request(job_id: object, classes: object) -> bytes:
    """The arguments of feedback."""
    items: list[Any]
    if isinstance(classes, Mapping):
        items = [{"class": text("classes", name), "code": text("classes", code)} for name, code in classes.items()]
    elif isinstance(classes, str):
        raise InvalidRequestError(f"classes: a dict wanted, one str given; pass {{{str.__str__(classes)!r}: ..}}")
    else:
        given = enumerate(listed("classes", classes))
        items = [written(f"classes[{index}]", one, "a FeedbackClass") for index, one in given]
    return arguments(body={"jobId": text("job_id", job_id), "classes": items})


class Feedbacks(Room):
    """Feedback about detect jobs: `client.feedback`."""

    __slots__ = ()

    def create(self, job_id: str, classes: Mapping[str, str] | Iterable[FeedbackClass]) -> Feedback:
        """Says about which classes a detect job was wrong, and in which way: a `FeedbackCode` each.

        It is sent once: where the answer is lost, `OutcomeUnknownError` is raised.

        >>> from pathlib import Path
        >>> from image_intelligence import Client
        >>> with Client() as client:
        ...     job = client.detect([Path("examples/photos/astronaut.jpg")], classes=["person"])
        ...     taken = client.feedback.create(job.id, {"person": "FALSE_POSITIVE"})
        ...     assert taken.id in [one.id for one in client.feedback.list(job.id)]
        """
        return one(Feedback, self._native.call("feedback.create", feedback_request(job_id, classes)))

    def get(self, id: str) -> Feedback:
        """Feedback by its id. Raises `NotFoundError` where the API does not know it."""
        return one(Feedback, self._native.call("feedback.get", arguments(id=text("id", id))))

    def list(self, job_id: str | None = None) -> builtins.list[Feedback]:
        """The feedback about a detect job, or all of it."""
        return many(Feedback, self._native.call("feedback.list", arguments(id=text_or_none("job_id", job_id))))
