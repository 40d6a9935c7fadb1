"""The client for asyncio: the same calls, to be awaited."""

import asyncio
import os
from collections.abc import Callable, Iterable
from datetime import timedelta
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self

from msgspec import UNSET, UnsetType

# Under its whole name, as in `_client`.
import image_intelligence

from . import _core
from ._arguments import arguments, ask_request, detect_request, flag, job_request, match_request, webhook_request
from ._async_many import AsyncMany
from ._checks import text
from ._client import Unpicklable, connect
from ._images import to_wire
from .errors import ResumeTokenError

P = ParamSpec("P")


async def answered(
    start: "Callable[Concatenate[_core.Promise, P], _core.Call]",
    *args: P.args,
    **kwargs: P.kwargs,
) -> Any:
    """Starts a native call and awaits its answer. Cancelling the task drops the request."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()
    call = start((loop, future), *args, **kwargs)
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


class AsyncClient(AsyncMany, Unpicklable):
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
        requests_per_second: float | None = None,
        journal: str | os.PathLike[str] | None = None,
        webhooks: "image_intelligence.Receiver | image_intelligence.AsyncReceiver | None" = None,
    ) -> None:
        self._native = connect(
            client_id,
            client_secret,
            base_url,
            request_timeout,
            allow_plain_http,
            requests_per_second,
            journal,
            webhooks,
        )

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
        deliver: bool = True,
        bounding_boxes: bool = False,
    ) -> "image_intelligence.AsyncDetectHandle":
        """As `Client.detect`. Where the answer is lost the job is looked for, for up to 30 s.

        A submit that is cancelled in flight may have made a job all the same: pass a `custom_id` of your own if you
        must be able to find it.
        """
        from ._async_handles import AsyncDetectHandle

        request = detect_request(classes, custom_id, feed_id, webhook_url, bounding_boxes)
        return AsyncDetectHandle(await self._submit(("detect", None), images, request, deliver))

    async def match(
        self,
        images: "Iterable[image_intelligence.Picture]",
        target: "image_intelligence.Target",
        *,
        custom_id: str | None = None,
        feed_id: str | None = None,
        webhook_url: str | None = None,
        deliver: bool = True,
    ) -> "image_intelligence.AsyncMatchHandle":
        """As `Client.match`."""
        from ._async_handles import AsyncMatchHandle

        request = match_request(target, custom_id, feed_id, webhook_url)
        return AsyncMatchHandle(await self._submit(("match", None), images, request, deliver))

    async def ask(
        self,
        images: "Iterable[image_intelligence.Picture]",
        question: str,
        *,
        examples: "image_intelligence.Examples | None" = None,
        custom_id: str | None = None,
        feed_id: str | None = None,
        webhook_url: str | None = None,
        deliver: bool = True,
    ) -> "image_intelligence.AsyncAskHandle":
        """As `Client.ask`."""
        from ._async_handles import AsyncAskHandle

        request = ask_request(question, examples, custom_id, feed_id, webhook_url)
        return AsyncAskHandle(await self._submit(("ask", None), images, request, deliver))

    async def recognize(
        self,
        images: "Iterable[image_intelligence.Picture]",
        *,
        namespace: str,
        custom_id: str | None = None,
        feed_id: str | None = None,
        webhook_url: str | None = None,
        deliver: bool = True,
    ) -> "image_intelligence.AsyncRecognizeHandle":
        """As `Client.recognize`."""
        from ._async_handles import AsyncRecognizeHandle

        kind = ("recognize", text("namespace", namespace))
        request = job_request({}, custom_id, feed_id, webhook_url)
        return AsyncRecognizeHandle(await self._submit(kind, images, request, deliver))

    async def _submit(
        self,
        kind: tuple[str, str | None],
        images: "Iterable[image_intelligence.Picture]",
        request: bytes,
        deliver: bool,
    ) -> _core.Job:
        job: _core.Job = await answered(
            self._native.start_submit, kind, to_wire(images), request, flag("deliver", deliver)
        )
        return job

    def resume(self, token: str) -> "image_intelligence.AsyncAnyHandle":
        """As `Client.resume`: nothing is sent yet, so there is nothing to await."""
        from ._async_handles import OF_KIND

        job = self._native.resume(text("token", token, malformed=ResumeTokenError))
        return OF_KIND[job.kind](job)

    async def recover(self) -> "list[image_intelligence.Recovered]":
        """As `Client.recover`."""
        from ._journal import recovered

        return recovered(await answered(self._native.start_call, "journal.recover", arguments()))

    async def forget(self, submit: "image_intelligence.Recovered") -> None:
        """As `Client.forget`."""
        from ._journal import forgotten

        await answered(self._native.start_call, "journal.forget", forgotten(submit))

    @property
    def detect_jobs(self) -> "image_intelligence.AsyncDetectJobs":
        """Detect jobs that were made before."""
        from ._async_rooms import AsyncDetectJobs

        return AsyncDetectJobs(self._native)

    @property
    def match_jobs(self) -> "image_intelligence.AsyncMatchJobs":
        """Match jobs that were made before."""
        from ._async_rooms import AsyncMatchJobs

        return AsyncMatchJobs(self._native)

    @property
    def ask_jobs(self) -> "image_intelligence.AsyncAskJobs":
        """Ask jobs that were made before."""
        from ._async_rooms import AsyncAskJobs

        return AsyncAskJobs(self._native)

    @property
    def feedback(self) -> "image_intelligence.AsyncFeedbacks":
        """Feedback about detect jobs."""
        from ._async_rooms import AsyncFeedbacks

        return AsyncFeedbacks(self._native)

    def recognition(self, namespace: str) -> "image_intelligence.AsyncRecognition":
        """As `Client.recognition`: nothing is sent yet, so there is nothing to await."""
        from ._async_recognition import AsyncRecognition

        return AsyncRecognition(self._native, text("namespace", namespace))

    async def register_webhook(
        self, url: str, secret_key: str | UnsetType = UNSET
    ) -> "image_intelligence.RegisteredWebhook":
        """As `Client.register_webhook`. Where the answer is lost, `OutcomeUnknownError` is raised."""
        from ._decode import webhook

        request = webhook_request(url, secret_key)
        return webhook(await answered(self._native.start_call, "webhooks.register", request))

    async def image(self, url: str) -> bytes:
        """As `Client.image`."""
        picture: bytes = await answered(self._native.start_call, "image", arguments(url=text("url", url)))
        return picture
