"""Pictures for runs, and every item of a run by either client."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from scripted import Scripted

CLASSES = ["person"]


class Source:
    """Pictures, and how many of them were pulled."""

    def __init__(self, pictures: int, *, fails_at: int | None = None, error: BaseException | None = None) -> None:
        self.pictures = pictures
        self.fails_at = fails_at
        self.error = error or LookupError("the camera is gone")
        self.pulled = 0
        self.at_once = 0

    def _next(self) -> bytes:
        if self.pulled == self.fails_at:
            raise self.error
        self.pulled += 1
        return b"%d" % (self.pulled - 1)

    def __iter__(self) -> Iterator[bytes]:
        while self.pulled < self.pictures:
            yield self._next()

    async def slowly(self, pause: float = 0) -> AsyncIterator[bytes]:
        while self.pulled < self.pictures:
            self.at_once += 1
            await asyncio.sleep(pause)
            assert self.at_once == 1, "pulled twice at one time"
            self.at_once -= 1
            yield self._next()


def every(server: Scripted, client: str, images: Any, **options: Any) -> list[Any]:
    """Every item, by either client."""
    if client == "Client":
        with server.client() as opened:
            return list(opened.detect_all(images, classes=CLASSES, **options))

    async def main() -> list[Any]:
        async with server.async_client() as opened:
            return [item async for item in opened.detect_all(images, classes=CLASSES, **options)]

    return asyncio.run(main())


def eventually(true: Callable[[], bool], seconds: float = 20) -> None:
    """Waits until it is so, and fails where it never is."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.005)
