"""A receiver as an ASGI app. Loaded with the first request."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from . import _core
from ._async_client import answered

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


async def serve(receiver: _core.Receiver, scope: Message, receive: Receive, send: Send) -> None:
    """Answers a request, and says what is expected where the app is not mounted but run."""
    if scope["type"] == "lifespan":
        while True:
            event = (await receive())["type"]
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                return
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1000})
        return
    answer = await _answer(receiver, scope, receive)
    if answer is None:
        return
    status, headers, body = answer
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


async def _answer(receiver: _core.Receiver, scope: Message, receive: Receive) -> _core.Answer | None:
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
