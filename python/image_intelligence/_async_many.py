"""What a client does with any number of pictures, and with many jobs at once, for asyncio."""

import os
from collections.abc import AsyncIterable, Callable, Iterable
from datetime import timedelta
from typing import Any, TypeVar, overload

# Under its whole name, as in `_client`.
import image_intelligence

from . import _core
from ._arguments import ask_request, detect_request, job_request, match_request, run_settings, wait_limit
from ._checks import text

R = TypeVar("R")


class AsyncMany:
    """The calls of `AsyncClient` that take any number."""

    __slots__ = ()

    _native: _core.Client

    def detect_all(
        self,
        images: "Iterable[image_intelligence.Picture] | AsyncIterable[image_intelligence.Picture]",
        *,
        classes: "Iterable[image_intelligence.ClassLike]",
        feed_id: str | None = None,
        webhook_url: str | None = None,
        deliver: bool = True,
        bounding_boxes: bool = False,
        batch_size: int = 64,
        concurrency: int = 8,
        ordered: bool = False,
        on_progress: "Callable[[image_intelligence.Progress], object] | None" = None,
        manifest: str | os.PathLike[str] | None = None,
        timeout: float | timedelta | None = None,
    ) -> "image_intelligence.AsyncAll[image_intelligence.DetectImageResult]":
        """As `Client.detect_all`: nothing is sent yet, so there is nothing to await, and the items are for `async for`.

        `images` may be an async iterable too. It is pulled beside the results, so that neither holds the other up.

        >>> import asyncio
        >>> from pathlib import Path
        >>> from image_intelligence import AsyncClient
        >>> async def main() -> None:
        ...     async with AsyncClient() as client:
        ...         async for item in client.detect_all([Path("examples/photos/chelsea.jpg")], classes=["cat"]):
        ...             print(item.source, item.result.classes if item.ok else item.error)
        >>> asyncio.run(main())
        examples/photos/chelsea.jpg ['cat']
        """
        from .models import DetectImageResult

        request = detect_request(classes, None, feed_id, webhook_url, bounding_boxes)
        settings = run_settings(images, batch_size, concurrency, ordered, manifest, timeout, deliver)
        return self._run(("detect", None), images, request, settings, DetectImageResult, on_progress)

    def match_all(
        self,
        images: "Iterable[image_intelligence.Picture] | AsyncIterable[image_intelligence.Picture]",
        target: "image_intelligence.Target",
        *,
        feed_id: str | None = None,
        webhook_url: str | None = None,
        deliver: bool = True,
        batch_size: int = 64,
        concurrency: int = 8,
        ordered: bool = False,
        on_progress: "Callable[[image_intelligence.Progress], object] | None" = None,
        manifest: str | os.PathLike[str] | None = None,
        timeout: float | timedelta | None = None,
    ) -> "image_intelligence.AsyncAll[image_intelligence.ImageResult]":
        """As `Client.match_all`, for `async for`."""
        from .models import ImageResult

        request = match_request(target, None, feed_id, webhook_url)
        settings = run_settings(images, batch_size, concurrency, ordered, manifest, timeout, deliver)
        return self._run(("match", None), images, request, settings, ImageResult, on_progress)

    def ask_all(
        self,
        images: "Iterable[image_intelligence.Picture] | AsyncIterable[image_intelligence.Picture]",
        question: str,
        *,
        examples: "image_intelligence.Examples | None" = None,
        feed_id: str | None = None,
        webhook_url: str | None = None,
        deliver: bool = True,
        batch_size: int = 64,
        concurrency: int = 8,
        ordered: bool = False,
        on_progress: "Callable[[image_intelligence.Progress], object] | None" = None,
        manifest: str | os.PathLike[str] | None = None,
        timeout: float | timedelta | None = None,
    ) -> "image_intelligence.AsyncAll[image_intelligence.ImageResult]":
        """As `Client.ask_all`, for `async for`."""
        from .models import ImageResult

        request = ask_request(question, examples, None, feed_id, webhook_url)
        settings = run_settings(images, batch_size, concurrency, ordered, manifest, timeout, deliver)
        return self._run(("ask", None), images, request, settings, ImageResult, on_progress)

    def recognize_all(
        self,
        images: "Iterable[image_intelligence.Picture] | AsyncIterable[image_intelligence.Picture]",
        *,
        namespace: str,
        feed_id: str | None = None,
        webhook_url: str | None = None,
        deliver: bool = True,
        batch_size: int = 64,
        concurrency: int = 8,
        ordered: bool = False,
        on_progress: "Callable[[image_intelligence.Progress], object] | None" = None,
        manifest: str | os.PathLike[str] | None = None,
        timeout: float | timedelta | None = None,
    ) -> "image_intelligence.AsyncAll[image_intelligence.RecognizedImage]":
        """As `Client.recognize_all`, for `async for`."""
        from .models import RecognizedImage

        request = job_request({}, None, feed_id, webhook_url)
        settings = run_settings(images, batch_size, concurrency, ordered, manifest, timeout, deliver)
        kind = ("recognize", text("namespace", namespace))
        return self._run(kind, images, request, settings, RecognizedImage, on_progress)

    def _run(
        self,
        kind: tuple[str, str | None],
        images: "Iterable[image_intelligence.Picture] | AsyncIterable[image_intelligence.Picture]",
        request: bytes,
        settings: dict[str, object],
        model: type[R],
        on_progress: "Callable[[image_intelligence.Progress], object] | None",
    ) -> "image_intelligence.AsyncAll[R]":
        from ._async_all import AsyncAll

        return AsyncAll(images, self._native.all(kind, request, settings), model, on_progress)

    @overload
    def as_completed(
        self, jobs: "Iterable[image_intelligence.AsyncDetectHandle]", timeout: float | timedelta | None = None
    ) -> "image_intelligence.AsyncAsCompleted[image_intelligence.AsyncDetectHandle, image_intelligence.DetectJob]": ...
    @overload
    def as_completed(
        self, jobs: "Iterable[image_intelligence.AsyncMatchHandle]", timeout: float | timedelta | None = None
    ) -> "image_intelligence.AsyncAsCompleted[image_intelligence.AsyncMatchHandle, image_intelligence.MatchJob]": ...
    @overload
    def as_completed(
        self, jobs: "Iterable[image_intelligence.AsyncAskHandle]", timeout: float | timedelta | None = None
    ) -> "image_intelligence.AsyncAsCompleted[image_intelligence.AsyncAskHandle, image_intelligence.AskJob]": ...
    @overload
    def as_completed(
        self, jobs: "Iterable[image_intelligence.AsyncRecognizeHandle]", timeout: float | timedelta | None = None
    ) -> (
        "image_intelligence.AsyncAsCompleted[image_intelligence.AsyncRecognizeHandle, image_intelligence.RecognizeJob]"
    ): ...
    @overload
    def as_completed(
        self, jobs: "Iterable[image_intelligence.AsyncAnyHandle]", timeout: float | timedelta | None = None
    ) -> "image_intelligence.AsyncAsCompleted[image_intelligence.AsyncAnyHandle, image_intelligence.AnyJob]": ...
    def as_completed(self, jobs: Iterable[Any], timeout: float | timedelta | None = None) -> Any:
        """As `Client.as_completed`, for `async for`.

        >>> import asyncio
        >>> from image_intelligence import AsyncClient
        >>> async def main() -> None:
        ...     async with AsyncClient() as client:
        ...         jobs = [await client.detect([b"no picture"], classes=["person"]) for _ in range(3)]
        ...         async for done in client.as_completed(jobs, timeout=30):
        ...             print(done.result.status if done.ok else done.error)
        >>> asyncio.run(main())
        COMPLETED_ALL_ERROR
        COMPLETED_ALL_ERROR
        COMPLETED_ALL_ERROR
        """
        from ._all import handles
        from ._async_all import AsyncAsCompleted
        from ._async_handles import AsyncJobHandle

        return AsyncAsCompleted(self._native, handles(jobs, AsyncJobHandle), wait_limit(timeout))

    def track(
        self, tokens: Iterable[str], timeout: float | timedelta | None = None
    ) -> "image_intelligence.AsyncAsCompleted[image_intelligence.AsyncAnyHandle, image_intelligence.AnyJob]":
        """As `Client.track`, for `async for`."""
        from ._all import tracked
        from ._async_all import AsyncAsCompleted
        from ._async_handles import OF_KIND

        return AsyncAsCompleted(self._native, tracked(tokens, self._native, OF_KIND), wait_limit(timeout))
