"""Runs over any number of pictures, and waits for many jobs. Loaded with the first one."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from . import _core
from ._checks import named, text
from ._client import Unpicklable
from ._decode import DECODERS
from ._decode import job as decoded
from ._images import not_one, one_to_wire
from ._items import Completed, CompletedFailed, CompletedOk, Item, ItemFailed, ItemOk, Progress
from .errors import ImageIntelligenceError, InvalidRequestError, ResumeTokenError

R = TypeVar("R")
H = TypeVar("H")
J = TypeVar("J")

MOMENT = 0.02
"""For how many seconds pictures are pulled before results are looked for again."""


def iterated(images: object) -> Iterator[Any]:
    """The pictures of a run, one at a time."""
    not_one(images)
    try:
        return iter(images)  # type: ignore[call-overload, no-any-return]
    except TypeError:
        raise InvalidRequestError(f"images: an iterable wanted, {named(images)} given") from None


class Run(Unpicklable, Generic[R]):
    """What a run is, whichever client it is of."""

    __slots__ = (
        "_closed",
        "_failure",
        "_model",
        "_native",
        "_next_index",
        "_on_progress",
        "_over",
        "_ready",
        "_sources",
        "_told",
        "_wanted",
    )

    def __init__(self, native: _core.All, model: type[R], on_progress: Callable[[Progress], object] | None) -> None:
        if on_progress is not None and not callable(on_progress):
            raise InvalidRequestError(f"on_progress: a function wanted, {named(on_progress)} given")
        self._native = native
        self._model = model
        self._on_progress = on_progress
        self._told: tuple[object, ...] | None = None
        self._sources: dict[int, Any] = {}
        """What was passed in, of the pictures without a result."""
        self._next_index = 0
        self._wanted = 0
        """How many more pictures may be pulled now."""
        self._ready: deque[_core.Found] = deque()
        self._failure: Exception | None = None
        """What the caller's own iterator raised."""
        self._over = False
        self._closed = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.progress}>"

    def stop(self) -> None:
        """Pulls and sends no more. Go on iterating for what is in flight; what was pulled and not sent comes as an item
        with an error."""
        self._native.stop()

    @property
    def progress(self) -> Progress:
        """How far the run has come."""
        total, done, failed, in_flight, jobs, elapsed = self._native.progress()
        return Progress(total=total, done=done, failed=failed, in_flight=in_flight, jobs=jobs, elapsed=elapsed)

    @property
    def in_flight(self) -> list[str]:
        """The resume tokens of the jobs that were submitted, until you have had all of a job's results and ask on.
        `client.track(..)` takes them."""
        return self._native.in_flight()

    def _feed(self, pictures: list[Any]) -> None:
        """Hands over what was pulled."""
        if pictures:
            first = self._next_index
            self._next_index += len(pictures)
            self._sources.update(enumerate(pictures, first))
            self._native.feed([_wire(index, picture) for index, picture in enumerate(pictures, first)])

    def _end(self, failure: Exception | None = None) -> None:
        """There are no more; or the caller's iterator raised, which is told once all else has been."""
        self._failure = failure
        self._native.end()

    def _pull(self, images: Iterator[Any]) -> None:
        """Pulls as many as are wanted, or as come within a moment: a slow iterator holds no results up."""
        pulled: list[Any] = []
        until = time.monotonic() + MOMENT
        try:
            while len(pulled) < self._wanted and (not pulled or time.monotonic() < until):
                pulled.append(next(images))
        except StopIteration:
            self._wanted = 0
            self._feed(pulled)
            self._end()
        except Exception as failure:
            self._wanted = 0
            self._feed(pulled)
            self._end(failure)
        except BaseException:
            # Ctrl-C is told at once, and whoever goes on has lost nothing.
            if pulled:
                self._wanted = 0
                self._feed(pulled)
            raise
        else:
            self._wanted = 0
            self._feed(pulled)

    def _take(self, step: tuple[list[Any], int, bool]) -> None:
        items, self._wanted, over = step
        self._ready.extend(items)
        if over:
            self._over = True
            # Whoever keeps a run that is over keeps no manifest open.
            self._native.leave()
        if self._on_progress is not None:
            progress = self.progress
            counts = (progress.total, progress.done, progress.failed, progress.in_flight, progress.jobs)
            if counts != self._told:
                self._told = counts
                self._on_progress(progress)

    def _is_over(self) -> bool:
        """Whether no more is given. Raises, once, what the caller's iterator raised."""
        if self._over and not self._closed and self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        return self._over or self._closed

    def _pop(self) -> Item[R]:
        index, custom_id, job_id, json, error, chosen = self._ready.popleft()
        source = self._sources.pop(index)
        result: Any = None if json is None else DECODERS[self._model](json)
        if error is not None:
            return ItemFailed(
                index=index,
                source=source,
                custom_id=custom_id,
                job_id=job_id,
                chosen=chosen,
                result=result,
                error=error,
            )
        return ItemOk(index=index, source=source, custom_id=custom_id, job_id=job_id, chosen=chosen, result=result)


def _wire(index: int, picture: object) -> tuple[str, object, str | None]:
    try:
        return one_to_wire(index, picture)
    except InvalidRequestError as error:
        # One that is no picture at all has an error of its own, as any other has.
        return "refused", str(error), None


class All(Run[R]):
    """The results of any number of pictures, as they come: an iterator, made by `client.detect_all` and its siblings.

    Pictures are pulled, and jobs are sent, while you ask for the next result, so whoever takes results slowly is sent
    no more of them than he takes. Threads may share it. `break` and Ctrl-C end nothing: go on with the same iterator,
    or leave it. `close`, the end of a `with`, and forgetting it send no more and wait no more; the jobs that are in
    flight go on at the service, and `in_flight` has their tokens.

    What your own iterable raises comes after the results of all that it had given; Ctrl-C comes at once.

    >>> import itertools
    >>> from image_intelligence import Client
    >>> with Client() as client:
    ...     with client.detect_all((b"no picture" for _ in itertools.count()), classes=["person"], batch_size=8) as run:
    ...         print(next(run).ok)
    ...     tokens = run.in_flight
    ...     print(all(done.ok for done in client.track(tokens)))
    False
    True
    """

    __slots__ = ("_images", "_lock")

    def __init__(
        self,
        images: Iterator[Any],
        native: _core.All,
        model: type[R],
        on_progress: Callable[[Progress], object] | None,
    ) -> None:
        super().__init__(native, model, on_progress)
        self._images = images
        # Neither is the caller's iterator made to be asked twice at one time.
        self._lock = threading.RLock()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Item[R]:
        with self._lock:
            while not self._ready and not self._is_over():
                if self._wanted:
                    self._pull(self._images)
                self._take(self._native.next())
            if self._closed or not self._ready:
                raise StopIteration
            return self._pop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Sends no more and waits no more; there is no next item then. Jobs go on: `in_flight` has their tokens, and
        that of a job which is just being sent once it is."""
        self._closed = True
        self._native.leave()


class Ends(Unpicklable, Generic[H, J]):
    """What a wait for many jobs is, whichever client it is of."""

    __slots__ = ("_jobs", "_left", "_native")

    def __init__(self, client: _core.Client, jobs: "list[Any]", seconds: float) -> None:
        self._jobs: list[Any] = jobs
        self._left = len(jobs)
        self._native = client.as_completed([job._native for job in jobs], seconds)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._left} left>"

    @property
    def left(self) -> int:
        """How many jobs have not ended yet."""
        return self._left

    def _ended(self, end: tuple[int, tuple[bytes, bytes] | ImageIntelligenceError]) -> Completed[H, J]:
        place, result = end
        self._left -= 1
        job, self._jobs[place] = self._jobs[place], None
        if isinstance(result, ImageIntelligenceError):
            return CompletedFailed(job=job, error=result)
        return CompletedOk(job=job, result=decoded(job._native.kind, result))


class AsCompleted(Ends[H, J]):
    """Many jobs, each given when it ends: an iterator, which `client.as_completed` and `client.track` make."""

    __slots__ = ()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Completed[H, J]:
        end = self._native.next()
        if end is None:
            raise StopIteration
        return self._ended(end)


def handles(jobs: Iterable[object], of: type) -> list[Any]:
    """The handles of a list."""
    try:
        given = list(jobs)
    except TypeError:
        raise InvalidRequestError(f"jobs: a list of handles wanted, {named(jobs)} given") from None
    for index, job in enumerate(given):
        if not isinstance(job, of):
            advice = "; client.track takes resume tokens" if isinstance(job, str) else ""
            raise InvalidRequestError(f"jobs[{index}]: a handle wanted, {named(job)} given{advice}")
    return given


def tracked(tokens: Iterable[str], client: _core.Client, of_kind: Mapping[str, Callable[[_core.Job], H]]) -> list[H]:
    """A handle for each token."""
    if isinstance(tokens, str):
        raise InvalidRequestError("tokens: a list wanted, one str given; put it into [ ]")
    try:
        given = list(tokens)
    except TypeError:
        raise InvalidRequestError(f"tokens: a list of them wanted, {named(tokens)} given") from None
    jobs = []
    for index, token in enumerate(given):
        try:
            job = client.resume(text("token", token, malformed=ResumeTokenError))
        except ImageIntelligenceError as error:
            error.message = f"tokens[{index}]: {error.message}"
            error.args = (error.message,)
            raise
        jobs.append(of_kind[job.kind](job))
    return jobs
