"""The client for asyncio: the same calls, to be awaited."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self

# Under its whole name, as in `_client`.
import image_intelligence

from . import _core
from ._arguments import detect_request
from ._checks import text
from ._client import Handle, Unpicklable, connect, decoded, limit_of
from ._images import to_wire
from .errors import ResumeTokenError

P = ParamSpec("P")


async def _answer(
    start: Callable[Concatenate[asyncio.AbstractEventLoop, asyncio.Future[Any], P], _core.Call],
    *args: P.args,
    **kwargs: P.kwargs,
) -> Any:
    """Starts a native call and awaits its answer. Cancelling the task drops the request."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()
    call = start(loop, future, *args, **kwargs)
    try:
        answer = await future
    except BaseException:
        call.cancel()
        raise
    if isinstance(answer, BaseException):
        raise answer
    return answer


def settle(batch: list[tuple[asyncio.Future[Any], object]]) -> None:
    """Run by the loop: hands out the answers that came, but to those who no longer wait."""
    for future, answer in batch:
        if not future.done():
            future.set_result(answer)


class AsyncClient(Unpicklable):
    """As `Client`, for asyncio. Several event loops may share it, each in its thread.

    >>> import asyncio
    >>> from image_intelligence import AsyncClient
    >>> async def main() -> None:
    ...     async with AsyncClient() as client:
    ...         job = await client.detect([b"no picture"], classes=["person"])
    ...         print((await job.wait()).status)
    >>> asyncio.run(main())
    COMPLETED_ALL_ERROR
    """

    __slots__ = ("_native",)

    def __init__(
        self,
        *,
        client_id: str | None = None,
        client_secret: str | None = None,
        base_url: str | None = None,
        request_timeout: float | timedelta | None = None,
        allow_plain_http: bool = False,
    ) -> None:
        self._native = connect(client_id, client_secret, base_url, request_timeout, allow_plain_http)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._native.base_url}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """As `Client.close`: calls under way, in whichever task, end with `ClosedError`."""
        self._native.close()

    async def detect(
        self,
        images: "Iterable[image_intelligence.Picture]",
        *,
        classes: "Iterable[image_intelligence.ClassLike]",
        custom_id: str | None = None,
        feed_id: str | None = None,
        webhook_url: str | None = None,
        bounding_boxes: bool = False,
    ) -> "AsyncDetectHandle":
        """As `Client.detect`. Where the answer is lost the job is looked for, for up to 30 s.

        A submit that is cancelled in flight may have made a job all the same: pass a `custom_id` of your own if you
        must be able to find it.
        """
        request = detect_request(classes, custom_id, feed_id, webhook_url, bounding_boxes)
        return AsyncDetectHandle(await _answer(self._native.start_detect, to_wire(images), request))

    def resume(self, token: str) -> "AsyncDetectHandle":
        """As `Client.resume`: nothing is sent yet, so there is nothing to await."""
        return AsyncDetectHandle(self._native.resume(text("token", token, malformed=ResumeTokenError)))

    @property
    def detect_jobs(self) -> "AsyncDetectJobs":
        """Detect jobs that were made before."""
        return AsyncDetectJobs(self._native)


class AsyncDetectJobs(Unpicklable):
    """Detect jobs that were made before: `client.detect_jobs`."""

    __slots__ = ("_native",)

    def __init__(self, native: _core.Client) -> None:
        self._native = native

    async def get(self, id: str) -> "image_intelligence.DetectJob":
        """As `DetectJobs.get`. Raises `NotFoundError` where the API does not know the job."""
        return decoded(await _answer(self._native.start_get, text("id", id)))


class AsyncDetectHandle(Handle):
    """A job that was submitted. Dropping it, or a wait on it, never cancels the job."""

    __slots__ = ()

    async def get(self) -> "image_intelligence.DetectJob":
        """The job as it is now, done or not."""
        return decoded(await _answer(self._native.start_get))

    async def wait(self, timeout: float | timedelta | None = None) -> "image_intelligence.DetectJob":
        """As `DetectHandle.wait`; cancelling the task ends the wait, not the job. One last look at the deadline may
        take up to 5 s more."""
        return decoded(await _answer(self._native.start_wait, limit_of(timeout)))
