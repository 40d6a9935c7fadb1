"""A receiver as an ASGI app. Loaded when it is first asked for."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from . import _core
from ._async_client import answered

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


class App:
    """What an ASGI server calls."""

    __slots__ = ("_native",)

    def __init__(self, native: _core.Receiver) -> None:
        self._native = native

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await _serve(self._native, scope, receive, send)
        elif scope["type"] == "lifespan":
            # Where it is run, and not mounted.
            for _ in range(2):
                event = (await receive())["type"]
                await send({"type": f"{event}.complete"})
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1000})


async def _serve(receiver: _core.Receiver, scope: Message, receive: Receive, send: Send) -> None:
    answer = await _answer(receiver, scope, receive)
    if answer is None:
        return
    status, headers, body = answer
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


async def _answer(receiver: _core.Receiver, scope: Message, receive: Receive) -> "_core.Answer | None":
    """`None` where the sender has gone."""
    admitted = receiver.admit(scope["method"], scope["path"], scope["headers"])
    if not isinstance(admitted, _core.Admitted):
        return admitted
    try:
        async with asyncio.timeout(admitted.seconds_left()):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    admitted.broken_off()
                    return None
                refusal = admitted.push(message.get("body", b""))
                if refusal is not None:
                    return refusal
                if not message.get("more_body", False):
                    break
    except TimeoutError:
        return admitted.late()
    answer: _core.Answer = await answered(admitted.start_finish)
    return answer
