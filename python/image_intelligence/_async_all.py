"""Runs over any number of pictures, and waits for many jobs, for asyncio. Loaded with the first one."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from . import _core
from ._all import Ends, Run, iterated
from ._items import Completed, Item, Progress

R = TypeVar("R")
H = TypeVar("H")
J = TypeVar("J")
A = TypeVar("A")


class Answers(Generic[A]):
    """What a native call answers that is made again and again. An await that is cancelled leaves the call under way, so
    that nothing is lost: whoever awaits next gets its answer."""

    __slots__ = ("_call", "_future", "_start")

    def __init__(self, start: "Callable[[_core.Promise], _core.Call]") -> None:
        self._start = start
        self._future: asyncio.Future[Any] | None = None
        self._call: _core.Call | None = None

    async def next(self) -> A | None:
        """The next answer; `None` once they are cancelled."""
        loop = asyncio.get_running_loop()
        if self._future is None or self._future.get_loop() is not loop:
            future: asyncio.Future[Any] = loop.create_future()
            self._call, self._future = self._start((loop, future)), future
        future = self._future
        await asyncio.wait([future])
        if future.cancelled():
            return None
        self._future = self._call = None
        answer = future.result()
        if isinstance(answer, BaseException):
            raise answer
        given: A = answer
        return given

    def cancel(self) -> None:
        """Ends the call that is under way."""
        if self._call is not None:
            self._call.cancel()
        if self._future is not None and not self._future.get_loop().is_closed():
            self._future.cancel()


class AsyncAll(Run[R]):
    """As `All`, for `async for`: an async iterator, made by `AsyncClient.detect_all` and its siblings.

    An async iterable of yours is pulled beside the results, one picture at a time and only where there is room, so that
    neither holds the other up. Any other iterable is pulled by the loop's own thread: one that is slow blocks the loop.

    Cancelling a task that asks for the next item loses none: ask again. `break` ends nothing. `aclose` and the end of
    an `async with` send no more and wait no more; the jobs that are in flight go on at the service, and `in_flight`
    has their tokens.

    >>> import asyncio
    >>> from collections.abc import AsyncIterator
    >>> from image_intelligence import AsyncClient
    >>> async def frames() -> AsyncIterator[bytes]:
    ...     for _ in range(3):
    ...         await asyncio.sleep(0.01)
    ...         yield b"no picture"
    >>> async def main() -> None:
    ...     async with AsyncClient() as client:
    ...         async for item in client.detect_all(frames(), classes=["person"], ordered=True):
    ...             print(item.index, item.ok)
    >>> asyncio.run(main())
    0 False
    1 False
    2 False
    """

    __slots__ = ("_async_images", "_images", "_lock", "_puller", "_steps")

    def __init__(
        self,
        images: object,
        native: _core.All,
        model: type[R],
        on_progress: Callable[[Progress], object] | None,
    ) -> None:
        super().__init__(native, model, on_progress)
        is_async = hasattr(images, "__aiter__")
        self._async_images: AsyncIterator[Any] | None = aiter(images) if is_async else None  # type: ignore[arg-type]
        self._images: Iterator[Any] = iter(()) if is_async else iterated(images)
        self._puller: asyncio.Task[None] | None = None
        self._steps: Answers[tuple[list[_core.Found], int, bool]] = Answers(native.start_next)
        # Neither is the caller's iterator made to be asked twice at one time.
        self._lock = asyncio.Lock()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item[R]:
        async with self._lock:
            while not self._ready and not self._is_over():
                if self._wanted and self._async_images is None:
                    self._pull(self._images)
                elif self._wanted and self._async_images is not None:
                    # It is asked for again once this one has come.
                    self._wanted = 0
                    self._puller = asyncio.create_task(self._pull_one(self._async_images))
                step = await self._steps.next()
                if step is not None:
                    self._take(step)
            if self._closed or not self._ready:
                if self._puller is not None:
                    self._puller.cancel()
                raise StopAsyncIteration
            return self._pop()

    async def _pull_one(self, images: AsyncIterator[Any]) -> None:
        try:
            picture = await anext(images)
        except StopAsyncIteration:
            self._end()
        except Exception as failure:
            self._end(failure)
        else:
            self._feed([picture])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Sends no more and waits no more; there is no next item then. Jobs go on: `in_flight` has their tokens, and
        that of a job which is just being sent once it is."""
        self._closed = True
        self._native.leave()
        self._steps.cancel()
        if self._puller is not None and not self._puller.get_loop().is_closed():
            self._puller.cancel()
            await asyncio.wait([self._puller])


class AsyncAsCompleted(Ends[H, J]):
    """Many jobs, each given when it ends: an async iterator, which `AsyncClient.as_completed` and `AsyncClient.track`
    make. Cancelling a task that asks for the next one loses none: ask again."""

    __slots__ = ("_answers", "_lock")

    def __init__(self, client: _core.Client, jobs: list[Any], seconds: float) -> None:
        super().__init__(client, jobs, seconds)
        self._answers: Answers[Any] = Answers(self._native.start_next)
        self._lock = asyncio.Lock()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Completed[H, J]:
        async with self._lock:
            end = await self._answers.next()
        if end is None:
            raise StopAsyncIteration
        return self._ended(end)
