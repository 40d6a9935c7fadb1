"""A small HTTP server whose answers a test writes: for everything that a real server does not do on request."""

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from image_intelligence import AsyncClient, Client

SECRET = "a-very-secret-secret"
TOKEN = "a-very-secret-token"


def job(status: str = "COMPLETED_SUCCESSFULLY", **fields: object) -> bytes:
    return json.dumps(
        {"id": "5d689c71", "createdAt": 1487648348000, "status": status, "jobResults": [], "imageResults": [], **fields}
    ).encode()


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    status: int
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


def asked(request: Request) -> Answer:
    """A finished job: the one that was asked for, or a new one."""
    return Answer(200, job(id=request.path.rpartition("/")[2]) if request.method == "GET" else job())


class Hang:
    """No answer, until the client hangs up."""


class Reset:
    """The connection is closed without an answer."""


Script = Callable[[Request], Answer | Hang | Reset]


class Scripted:
    """Runs on a loop and a thread of its own. `script` decides on everything but the token."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.token: Answer | Hang = Answer(200, json.dumps({"accessToken": TOKEN}).encode())
        self.requests: list[Request] = []
        self.tokens = 0
        self.open = 0
        self.hanging = 0
        self.hung_up = 0
        self._changed = threading.Condition()
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        started = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=1024), self._loop
        )
        self._server = started.result(10)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v2"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        async def stop() -> None:
            # Nobody more is accepted. Who has been is let in first: asyncio leaves the socket open where its task for it
            # is cancelled before its first step, or finds the server closed.
            for listener in self._server.sockets:
                self._loop.remove_reader(listener.fileno())
            while entering := asyncio.all_tasks() - self._serving - {asyncio.current_task()}:
                await asyncio.wait(entering)
            self._server.close()
            serving = set(self._serving)
            for task in serving:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)
            # A task that was cancelled before its first step never reached its `finally`.
            for writer in self._writers:
                writer.close()
            await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def client(self, **settings: Any) -> Client:
        return Client(base_url=self.base_url, client_id="tester", client_secret=SECRET, **settings)

    def async_client(self, **settings: Any) -> AsyncClient:
        return AsyncClient(base_url=self.base_url, client_id="tester", client_secret=SECRET, **settings)

    def until(self, true: Callable[["Scripted"], bool], seconds: float = 20) -> None:
        """Waits until it is so, and fails where it never is."""
        with self._changed:
            assert self._changed.wait_for(lambda: true(self), seconds), (
                f"open {self.open}, hanging {self.hanging}, hung up {self.hung_up}, requests {len(self.requests)}"
            )

    def _count(self, **by: int) -> None:
        with self._changed:
            for name, number in by.items():
                setattr(self, name, getattr(self, name) + number)
            self._changed.notify_all()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        task = self._loop.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._count(open=1)
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client hung up, or the test is over
        finally:
            writer.close()
            self._writers.discard(writer)
            self._count(open=-1)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        answer: Answer | Hang | Reset
        if path == "/v2/oauth/token":
            self._count(tokens=1)
            answer = self.token
        else:
            request = Request(method, path, headers, body)
            with self._changed:
                self.requests.append(request)
                self._changed.notify_all()
            answer = self.script(request)
        if isinstance(answer, Hang):
            self._count(hanging=1)
            await reader.read()
            self._count(hanging=-1, hung_up=1)
            return False
        if isinstance(answer, Reset):
            return False
        lines = [f"HTTP/1.1 {answer.status} Scripted", f"content-length: {len(answer.body)}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        writer.write("\r\n".join((*lines, "", "")).encode() + answer.body)
        await writer.drain()
        return True


def token_at(server: Scripted) -> str:
    """The token of a job there."""
    script, server.script = server.script, lambda request: Answer(200, job())
    with server.client() as client:
        token = client.detect([b"a picture"], classes=["person"]).resume_token
    server.script = script
    return token
