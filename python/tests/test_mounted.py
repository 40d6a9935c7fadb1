"""The receiver mounted in apps of the frameworks that people use, each over HTTP and by its own server."""

import asyncio
import hashlib
import hmac
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server

from conftest import Serve
from image_intelligence import (
    AsyncInbox,
    AsyncReceiver,
    DetectJob,
    Inbox,
    Receiver,
    ReceiverLimits,
    RegisteredEvent,
    webhooks,
)
from image_intelligence.errors import WebhookVerificationError

SECRET = "a secret key"
BODY = b'{"event": "IDENTITY_CREATED", "identity": {"id": "i-7"}}'
SIGNED = {"x-niro-signature": "sha256=" + hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()}
Address = tuple[str, int]


@contextmanager
def by_uvicorn(app: Any, port: int = 0) -> Iterator[Address]:
    listener = socket.create_server(("127.0.0.1", port))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield listener.getsockname()[:2]
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@contextmanager
def by_werkzeug(app: Any, port: int = 0) -> Iterator[Address]:
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield "127.0.0.1", server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def in_fastapi(receiver: Receiver | AsyncReceiver, port: int = 0) -> Iterator[Address]:
    app = FastAPI()
    app.mount("/ii", receiver.asgi)

    @app.get("/")
    def front() -> str:
        return "our front page"

    with by_uvicorn(app, port) as address:
        yield address


@contextmanager
def in_flask(receiver: Receiver | AsyncReceiver, port: int = 0) -> Iterator[Address]:
    app = Flask(__name__)
    app.add_url_rule("/", "front", lambda: "our front page")
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/ii": receiver.wsgi})  # type: ignore[method-assign]
    with by_werkzeug(app, port) as address:
        yield address


@contextmanager
def alone(receiver: Receiver | AsyncReceiver, port: int = 0) -> Iterator[Address]:
    with by_uvicorn(receiver.asgi, port) as address:
        yield address


MOUNTS = {"FastAPI": in_fastapi, "Flask": in_flask, "uvicorn": alone}
BASE = "https://hooks.example.com/ii"


def sent(address: Address, method: str, path: str, body: Any = None, headers: Any = None, **options: Any) -> Any:
    connection = http.client.HTTPConnection(*address, timeout=10)
    connection.request(method, path, body, headers or {}, **options)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), text


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    with Inbox.open(tmp_path / "inbox.db", shutdown_timeout=0) as opened:
        yield opened


@pytest.mark.parametrize("mount", MOUNTS.values(), ids=MOUNTS)
def test_a_mounted_receiver_takes_events(inbox: Inbox, mount: Any) -> None:
    receiver = Receiver(inbox, public_url=BASE, secrets=[SECRET])
    assert receiver.address is None
    with mount(receiver) as address:
        status, headers, text = sent(address, "POST", "/ii/events", BODY, SIGNED)
        assert (status, text) == (200, b"ok")
        assert {name.lower() for name in headers} >= {"content-type", "content-length"}
        # Chunked, in pieces.
        pieces = iter([BODY[:10], BODY[10:]])
        assert sent(address, "POST", "/ii/events", pieces, SIGNED, encode_chunked=True)[0] == 200
        with next(inbox) as delivery:
            assert isinstance(delivery.event, RegisteredEvent) and delivery.raw == BODY
        refused = [
            ("POST", "/ii/events", BODY, {}, 401),
            ("POST", "/ii/events", BODY + b" ", SIGNED, 401),
            ("POST", "/ii/events", BODY, {**SIGNED, "content-encoding": "gzip"}, 415),
            ("POST", "/ii/cb/guessed", b"{}", {}, 404),
            ("GET", "/ii/events", None, {}, 405),
            ("GET", "/ii/", None, {}, 200),
        ]
        for method, path, body, extra, wanted in refused:
            assert sent(address, method, path, body, extra)[0] == wanted, (method, path, extra)
    assert [entry.deliveries for entry in inbox.list()] == [2]


@pytest.mark.parametrize("mount", MOUNTS.values(), ids=MOUNTS)
def test_a_body_is_not_read_before_its_address_is_good(inbox: Inbox, mount: Any) -> None:
    """A body is announced and never sent: a stranger is answered at once, and one with the right address in time."""
    receiver = Receiver(inbox, public_url=BASE, secrets=[SECRET])
    with mount(receiver) as address, socket.create_connection(address, timeout=8) as stranger:
        stranger.sendall(b"POST /ii/cb/guessed HTTP/1.1\r\nhost: e.com\r\ncontent-length: 1000\r\n\r\n{")
        assert stranger.recv(100).split(b"\r\n")[0].split()[1] == b"404"


@pytest.mark.parametrize("mount", MOUNTS.values(), ids=MOUNTS)
def test_a_body_that_is_too_large_is_not_read_to_its_end(inbox: Inbox, mount: Any) -> None:
    receiver = Receiver(inbox, public_url=BASE, secrets=[SECRET])
    with mount(receiver) as address:
        with socket.create_connection(address, timeout=8) as announced:
            announced.sendall(b"POST /ii/events HTTP/1.1\r\nhost: e.com\r\ncontent-length: 1073741824\r\n\r\n")
            assert announced.recv(100).split(b"\r\n")[0].split()[1] == b"413"
        with socket.create_connection(address, timeout=8) as endless:
            endless.sendall(b"POST /ii/events HTTP/1.1\r\nhost: e.com\r\ntransfer-encoding: chunked\r\n\r\n")
            for _ in range(65):  # one more than it may have, and it has no end
                endless.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
            assert endless.recv(100).split(b"\r\n")[0].split()[1] == b"413"
    assert inbox.list() == []


@pytest.mark.parametrize("mount", [in_fastapi, alone], ids=["FastAPI", "uvicorn"])
def test_a_body_that_stops_coming_is_answered_408(inbox: Inbox, mount: Any) -> None:
    limits = ReceiverLimits(max_body=100, body_timeout=0.2)
    receiver = Receiver(inbox, public_url=BASE, secrets=[SECRET], limits=limits)
    with mount(receiver) as address:
        with socket.create_connection(address, timeout=8) as slow:
            slow.sendall(b"POST /ii/events HTTP/1.1\r\nhost: e.com\r\ncontent-length: 50\r\n\r\n{")
            assert slow.recv(100).split(b"\r\n")[0].split()[1] == b"408"
        assert sent(address, "POST", "/ii/events", b" " * 101)[0] == 413
        assert sent(address, "POST", "/ii/events", BODY, SIGNED)[0] == 200
    assert len(inbox.list()) == 1


def test_a_sender_that_hangs_up_is_answered_nothing(inbox: Inbox) -> None:
    """As a server of ASGI tells it, which none of them does over a connection that a test could watch."""
    receiver = Receiver(inbox, public_url=BASE, secrets=[SECRET])
    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    answers: list[Any] = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        answers.append(message)

    scope = {"type": "http", "method": "POST", "path": "/ii/events", "headers": []}
    asyncio.run(receiver.asgi(scope, receive, send))  # type: ignore[arg-type]
    assert answers == [] and inbox.list() == []


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@pytest.mark.parametrize("mount", [in_fastapi, in_flask], ids=["FastAPI", "Flask"])
def test_jobs_of_a_client_come_to_a_mounted_receiver(serve: Serve, inbox: Inbox, mount: Any) -> None:
    # A receiver is told its address before there is anybody at it.
    port = a_free_port()
    receiver = Receiver(inbox, public_url=f"http://127.0.0.1:{port}/ii")
    with mount(receiver, port), serve.client(webhooks=receiver) as client:
        job = client.detect([b"no picture"], classes=["person"])
        with next(inbox) as delivery:
            assert isinstance(delivery.event, DetectJob) and delivery.job_id == job.id
        [entry] = inbox.list()
        assert entry.state == "done" and entry.confirmed_at is not None and entry.deliveries == 1


def test_an_asynchronous_receiver_in_fastapi_with_its_handler_in_the_same_loop(tmp_path: Path) -> None:
    handled: list[str] = []
    inbox = AsyncInbox.open(tmp_path / "inbox.db")
    receiver = AsyncReceiver(inbox, public_url=BASE, secrets=[SECRET])
    done = threading.Event()

    async def handle() -> None:
        async for delivery in inbox:
            async with delivery:
                handled.append(delivery.event.event)  # type: ignore[union-attr]
            done.set()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> Any:
        task = asyncio.create_task(handle())
        yield
        await receiver.close()
        await task

    app = FastAPI(lifespan=lifespan)
    app.mount("/ii", receiver.asgi)
    with by_uvicorn(app) as address:
        assert sent(address, "POST", "/ii/events", BODY, SIGNED)[0] == 200
        assert done.wait(20)
    assert handled == ["IDENTITY_CREATED"]


def test_an_endpoint_that_people_already_have() -> None:
    """As the README shows it: the keys are ours, and the route is the app's own."""
    keys = webhooks.CallbackKeys({1: bytes(32)}, base=BASE)
    app = FastAPI()
    seen: list[str] = []

    @app.post("/ii/cb/{token}")
    async def hook(request: Request) -> Response:
        try:
            event = webhooks.parse(await request.body(), request.headers, path=request.url.path, keys=keys)
        except WebhookVerificationError:
            return Response(status_code=404)
        seen.append(type(event).__name__)
        return Response("ok")

    body = json.dumps({"id": "1", "status": "COMPLETED_SUCCESSFULLY"}).encode()
    with by_uvicorn(app) as address:
        for kind in ("detect", "recognize"):
            token = keys.mint(kind, expires=4e9, rid=bytes(16))
            assert sent(address, "POST", f"/ii/cb/{token}", body)[0] == 200
        assert sent(address, "POST", "/ii/cb/guessed", body)[0] == 404
    assert seen == ["DetectJob", "RecognizeJob"]
