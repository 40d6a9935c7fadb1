"""The inbox and the receiver for asyncio. Loaded when they are first asked for."""

import os
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Self

# Under its whole name, as in `_client`.
import image_intelligence

from . import _core
from ._async_client import answered
from ._client import Unpicklable
from ._deliveries import ACK, HandedOut, SqlValue, ack_with_word, bury_word, failure_word, nack_word
from ._entries import Counts, Entry, Pruned, counted, entries, number, numbers, pruned, wanted
from ._inbox import opened
from ._receiver import Mounted
from .errors import ImageIntelligenceError


class AsyncDelivery(HandedOut):
    """As `Delivery`, for asyncio: `async with delivery:` acks at its end, and nacks where its body raises or is
    cancelled."""

    __slots__ = ()

    async def ack(self) -> None:
        """As `Delivery.ack`."""
        await answered(self._native.start_settle, ACK)

    async def ack_with(self, sql: str, params: Sequence[SqlValue] = ()) -> None:
        """As `Delivery.ack_with`."""
        await answered(self._native.start_settle, ack_with_word(sql, params))

    async def nack(self, reason: str, *, pause: float | timedelta | None = None) -> None:
        """As `Delivery.nack`."""
        await answered(self._native.start_settle, nack_word(reason, pause))

    async def bury(self, reason: str) -> None:
        """As `Delivery.bury`."""
        await answered(self._native.start_settle, bury_word(reason))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.is_settled:
            return
        if error is None:
            await self.ack()
            return
        # Where that fails the lease lapses, and what the handler raised is what matters.
        with suppress(ImageIntelligenceError):
            await answered(self._native.start_settle, failure_word(error))


class AsyncInbox(Unpicklable):
    """As `Inbox`, for asyncio: `async for delivery in inbox:` gives the events as they come, and ends once the inbox is
    closed. Several tasks, and several event loops, may share it.

    >>> import asyncio, tempfile
    >>> from image_intelligence import AsyncClient, AsyncInbox, AsyncReceiver
    >>> async def main() -> None:
    ...     inbox = AsyncInbox.open(tempfile.mkdtemp() + "/inbox.db")
    ...     async with AsyncReceiver(inbox, listen="127.0.0.1:0") as receiver, AsyncClient(webhooks=receiver) as client:
    ...         await client.detect([b"no picture"], classes=["person"])
    ...         async for delivery in inbox:
    ...             async with delivery:
    ...                 print(delivery.event.status)
    ...             break
    >>> asyncio.run(main())
    COMPLETED_ALL_ERROR
    """

    __slots__ = ("_native",)

    def __init__(self, native: _core.Inbox) -> None:
        """Use `AsyncInbox.open`."""
        self._native = native

    @classmethod
    def open(
        cls,
        target: str | os.PathLike[str],
        *,
        lease: float | timedelta | None = None,
        handler_timeout: float | timedelta | None = None,
        attempts: int | None = None,
        retry_pause: float | timedelta | None = None,
        longest_retry_pause: float | timedelta | None = None,
        prune_bodies_after: float | timedelta | None = None,
        prune_keys_after: float | timedelta | None = None,
        prefetch: int | None = None,
        shutdown_timeout: float | timedelta | None = None,
        callback_keys: "image_intelligence.webhooks.CallbackKeys | None" = None,
        existing: bool = False,
    ) -> Self:
        """As `Inbox.open`, and as that blocks for a moment: so that it may be opened before there is a loop. Where the
        database is far, `await asyncio.to_thread(AsyncInbox.open, ..)`."""
        durations: dict[str, object] = {
            "lease": lease,
            "handler_timeout": handler_timeout,
            "retry_pause": retry_pause,
            "longest_retry_pause": longest_retry_pause,
            "prune_bodies_after": prune_bodies_after,
            "prune_keys_after": prune_keys_after,
            "shutdown_timeout": shutdown_timeout,
        }
        counts: dict[str, object] = {"attempts": attempts, "prefetch": prefetch}
        return cls(opened(target, durations, counts, callback_keys=callback_keys, existing=existing))

    def __aiter__(self) -> AsyncIterator[AsyncDelivery]:
        return self

    async def __anext__(self) -> AsyncDelivery:
        """The next event for a handler, as soon as there is one. Cancelling the task ends the wait, and nothing is
        lost."""
        came = await answered(self._native.start_next)
        if came is None:
            raise StopAsyncIteration
        return AsyncDelivery(came)

    async def list(
        self,
        *,
        state: str | None = None,
        kind: str | None = None,
        job: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Entry]:
        """As `Inbox.list`."""
        return entries(await answered(self._native.start_list, wanted(state, kind, job, before, limit)))

    async def show(self, seq: int) -> Entry | None:
        """As `Inbox.show`."""
        return next(iter(entries(await answered(self._native.start_ask, ("entry", [number("seq", seq)])))), None)

    async def replay(self, seqs: int | Iterable[int]) -> int:
        """As `Inbox.replay`."""
        count: int = await answered(self._native.start_ask, ("replay", numbers(seqs)))
        return count

    async def replay_dead(self) -> int:
        """As `Inbox.replay_dead`."""
        count: int = await answered(self._native.start_ask, ("replay_dead", []))
        return count

    async def prune(self) -> Pruned:
        """As `Inbox.prune`."""
        return pruned(await answered(self._native.start_ask, ("prune", [])))

    async def counts(self) -> Counts:
        """As `Inbox.counts`."""
        return counted(await answered(self._native.start_ask, ("counts", [])))

    async def add_key(self) -> int:
        """As `Inbox.add_key`."""
        key_id: int = await answered(self._native.start_ask, ("add_key", []))
        return key_id

    async def close(self) -> None:
        """As `Inbox.close`."""
        await answered(self._native.start_ask, ("close", []))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


class AsyncReceiver(Mounted):
    """As `Receiver`, to be closed with `await`."""

    __slots__ = ()

    async def close(self) -> None:
        """As `Receiver.close`."""
        await answered(self._native.start_close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
