"""A call through either client, written once."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from conftest import Serve
from scripted import Scripted

CLIENTS = ["Client", "AsyncClient"]


async def settled(given: Any) -> Any:
    """What a call of either client gives in the end; of an iterator all there is."""
    if inspect.iscoroutine(given):
        return await given
    if isinstance(given, AsyncIterator):
        return [row async for row in given]
    return list(given) if isinstance(given, Iterator) else given


def run(server: Scripted | Serve, client: str, call: Callable[[Any], Any], **settings: Any) -> Any:
    """The call through the client of that name; of a handle, what it waits for too."""

    async def main() -> Any:
        opened: Any = (server.client if client == "Client" else server.async_client)(**settings)
        try:
            given = await settled(call(opened))
            if hasattr(given, "resume_token"):
                resumed = opened.resume(given.resume_token)
                assert type(resumed) is type(given)
                return given, await settled(given.wait()), await settled(resumed.get())
            return given
        finally:
            await settled(opened.close())

    return asyncio.run(main())
