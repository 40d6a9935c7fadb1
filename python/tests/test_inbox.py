"""The inbox and the receiver, over HTTP: what handlers may say, what becomes of it, and what a blocked handler holds up."""

import asyncio
import gc
import hashlib
import hmac
import http.client
import json
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import Serve
from image_intelligence import (
    AsyncInbox,
    AsyncReceiver,
    ClosedError,
    ConfigError,
    DetectJob,
    EventState,
    Inbox,
    InvalidRequestError,
    Receiver,
    ReceiverLimits,
    RegisteredEvent,
    StoreError,
    WebhookVerificationError,
    webhooks,
)

SECRET = "a secret key"
BASE = "https://hooks.example.com/ii"


def event(number: int) -> tuple[bytes, dict[str, str]]:
    """A registered event, and its signature."""
    body = json.dumps({"event": "IDENTITY_CREATED", "identity": {"id": f"i-{number}"}}).encode()
    return body, {"x-niro-signature": "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}


def post(receiver: Receiver | AsyncReceiver, number: int, path: str = "/ii/events") -> int:
    assert receiver.address is not None
    connection = http.client.HTTPConnection(*receiver.address, timeout=10)
    body, headers = event(number)
    connection.request("POST", path, body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    with Inbox.open(tmp_path / "inbox.db", retry_pause=0.001, shutdown_timeout=0) as opened:
        yield opened


@pytest.fixture
def receiver(inbox: Inbox) -> Iterator[Receiver]:
    with Receiver(inbox, public_url=BASE, listen="127.0.0.1:0", secrets=[SECRET]) as opened:
        yield opened


def test_an_event_is_handled_until_it_is_acked(inbox: Inbox, receiver: Receiver) -> None:
    assert post(receiver, 1) == 200
    assert post(receiver, 1) == 200  # the same: one event
    first = next(inbox)
    assert isinstance(first.event, RegisteredEvent) and first.event.identity is not None
    assert first.event is first.event and first.event.identity.id == "i-1"
    assert (first.raw, first.event.raw) == (event(1)[0], event(1)[0])
    assert (first.attempt, first.job_id, first.rid, first.is_signed, first.is_held) == (1, None, None, True, True)
    assert len(first.idempotency_key) == 64 and abs(first.received_at / 1000 - time.time()) < 60
    first.nack("not now")
    assert first.is_settled and not first.is_held
    [entry] = inbox.list(kind="event")
    assert (entry.error, entry.deliveries, entry.body) == ("not now", 2, None)
    second = next(inbox)
    assert (second.attempt, second.idempotency_key, second.seq) == (2, first.idempotency_key, first.seq)
    second.ack()
    assert inbox.counts().events.done == 1
    shown = inbox.show(second.seq)
    assert shown is not None and shown.body == event(1)[0] and shown.state == EventState.DONE
    assert inbox.show(999) is None
    with pytest.raises(InvalidRequestError, match="it was acked, nacked or buried before"):
        second.ack()


def test_with_acks_at_its_end_and_nacks_where_its_body_raises(inbox: Inbox, receiver: Receiver) -> None:
    post(receiver, 1)
    with pytest.raises(ZeroDivisionError), next(inbox):
        _ = 1 / 0
    [entry] = inbox.list()
    assert entry.error == "ZeroDivisionError: division by zero"
    with next(inbox) as delivery:
        delivery.bury("never")  # whoever has said a word says no other
    assert [entry.state for entry in inbox.list(state="dead")] == ["dead"]
    assert inbox.replay_dead() == 1
    with next(inbox) as delivery:
        assert delivery.attempt == 1
    assert inbox.replay(delivery.seq) == 1
    assert inbox.replay([delivery.seq]) == 0  # it waits for a handler anyway
    assert inbox.prune().events == 0
    assert inbox.add_key() != inbox.add_key()


def test_a_delivery_that_is_collected_is_handed_out_again(inbox: Inbox, receiver: Receiver) -> None:
    post(receiver, 1)
    delivery = next(inbox)
    assert delivery.attempt == 1
    del delivery
    gc.collect()
    with next(inbox) as again:
        assert again.attempt == 2
    assert inbox.counts().events.done == 1


def test_an_effect_in_the_inbox_itself_happens_once(inbox: Inbox, receiver: Receiver) -> None:
    post(receiver, 1)
    next(inbox).ack_with("CREATE TABLE seen (a, b, c, d, e, f)")
    post(receiver, 2)
    delivery = next(inbox)
    values: list[Any] = [delivery.idempotency_key, 7, 0.5, None, True, b"bytes"]
    delivery.ack_with("INSERT INTO seen VALUES (?1, ?2, ?3, ?4, ?5, ?6)", values)
    post(receiver, 3)
    failing = next(inbox)
    with pytest.raises(StoreError):
        failing.ack_with("INSERT INTO nowhere VALUES (1)")
    again = next(inbox)
    assert again.seq == failing.seq and again.attempt == 2
    for wrong, said in ({"a": 1}, "params: "), ([2**63], "params\\[0\\]"), ([object()], "params\\[0\\]"):
        with pytest.raises(InvalidRequestError, match=said):
            again.ack_with("SELECT 1", wrong)  # type: ignore[arg-type]
    again.ack()


def test_what_is_odd_is_refused(tmp_path: Path, inbox: Inbox) -> None:
    odd: list[dict[str, Any]] = [
        {"attempts": 0},
        {"attempts": "1"},
        {"attempts": True},
        {"prefetch": 2**40},
        {"lease": "1"},
        {"lease": -1},
        {"lease": 0.5},
        {"callback_keys": b"k"},
        {"existing": 1},
    ]
    for settings in odd:
        with pytest.raises(ConfigError):
            Inbox.open(tmp_path / "other.db", **settings)
    for target in (":memory:", "", "mysql://secret@host/name", None, 7):
        with pytest.raises(ConfigError) as raised:
            Inbox.open(target)  # type: ignore[arg-type]
        assert "secret" not in str(raised.value)
    with pytest.raises(StoreError):
        Inbox.open(tmp_path / "nowhere" / "inbox.db")
    receivers: list[dict[str, Any]] = [
        {},
        {"listen": "0.0.0.0:0"},
        {"public_url": "hooks.example.com"},
        {"public_url": BASE, "confirm": 1},
        {"public_url": BASE, "secrets": ["1", "2", "3", "4", "5"]},
        {"public_url": BASE, "listen": "nowhere"},
        {"public_url": BASE, "limits": {"max_body": 1}},
        {"public_url": BASE, "limits": ReceiverLimits(max_body=0)},
        {"public_url": BASE, "limits": ReceiverLimits(connections=True)},
        {"public_url": BASE, "limits": ReceiverLimits(body_timeout=-1)},
    ]
    for settings in receivers:
        with pytest.raises(ConfigError):
            Receiver(inbox, **settings)
    # Advice is in the words of Python.
    with pytest.raises(ConfigError, match=r'public_url: not given, and there is no listener; say public_url="https://'):
        Receiver(inbox)
    with pytest.raises(InvalidRequestError, match="secrets: a list wanted"):
        Receiver(inbox, public_url=BASE, secrets=SECRET)
    with pytest.raises(ConfigError, match="inbox: "):
        Receiver("inbox.db", public_url=BASE)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequestError, match="state: "):
        inbox.list(state="open")
    with pytest.raises(InvalidRequestError, match="kind: "):
        inbox.list(kind="video")
    assert inbox.list(kind="gave_up") == []


def test_a_forged_event_and_a_guessed_address_get_nothing(inbox: Inbox, receiver: Receiver) -> None:
    assert receiver.address is not None
    connection = http.client.HTTPConnection(*receiver.address, timeout=10)
    for path, status in (("/ii/events", 401), ("/ii/cb/guessed", 404), ("/ii/jobs", 404), ("/elsewhere", 404)):
        connection.request("POST", path, b"{}", {"x-niro-signature": "sha256=" + "0" * 64})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status, path
    assert inbox.list() == []


def test_closing_ends_the_iteration(inbox: Inbox, receiver: Receiver) -> None:
    post(receiver, 1)
    handled = []
    for delivery in inbox:
        with delivery:
            handled.append(delivery.seq)
        receiver.close()
    assert len(handled) == 1
    assert list(inbox) == []


def asynchronous(work: Callable[[AsyncInbox, AsyncReceiver], Any], path: Path) -> None:
    async def main() -> None:
        inbox = AsyncInbox.open(path / "inbox.db", retry_pause=0.001, shutdown_timeout=0)
        async with AsyncReceiver(inbox, public_url=BASE, listen="127.0.0.1:0", secrets=[SECRET]) as receiver:
            await work(inbox, receiver)

    asyncio.run(main())


def test_the_same_with_async_for(tmp_path: Path) -> None:
    async def work(inbox: AsyncInbox, receiver: AsyncReceiver) -> None:
        for number in range(3):
            assert await asyncio.to_thread(post, receiver, number) == 200
        delivery = await anext(inbox)
        await delivery.nack("not now", pause=0)
        with pytest.raises(ZeroDivisionError):
            async with await anext(inbox):
                _ = 1 / 0
        done = 0
        async for delivery in inbox:
            async with delivery:
                assert isinstance(delivery.event, RegisteredEvent)
            done += 1
            if done == 3:
                break
        assert (await inbox.counts()).events.done == 3
        [newest, *_] = await inbox.list(limit=1)
        shown = await inbox.show(newest.seq)
        assert shown is not None and shown.body is not None
        assert await inbox.replay([newest.seq]) == 1
        delivery = await anext(inbox)
        await delivery.bury("never")
        assert await inbox.replay_dead() == 1
        delivery = await anext(inbox)
        await delivery.ack_with("SELECT ?1", [1])
        assert (await inbox.prune()).jobs == 0 and await inbox.add_key() >= 0

    asynchronous(work, tmp_path)


@pytest.mark.parametrize("told", [False, True], ids=["before the loop is told", "after the loop is told"])
def test_an_event_that_comes_to_a_task_as_it_is_cancelled_has_cost_no_attempt(tmp_path: Path, told: bool) -> None:
    async def work(inbox: AsyncInbox, receiver: AsyncReceiver) -> None:
        def come() -> None:
            """The loop stands still meanwhile."""
            assert post(receiver, 1) == 200
            with Inbox.open(tmp_path / "inbox.db", existing=True) as looking:
                while not looking.list(state="leased"):
                    time.sleep(0.001)

        task = asyncio.ensure_future(anext(inbox))
        await asyncio.sleep(0)
        come()
        if told:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with await anext(inbox) as delivery:
            assert delivery.attempt == 1

    asynchronous(work, tmp_path)


def test_a_task_that_waits_is_cancelled_and_nothing_is_lost(tmp_path: Path) -> None:
    async def work(inbox: AsyncInbox, receiver: AsyncReceiver) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await anext(inbox)
        assert await asyncio.to_thread(post, receiver, 1) == 200
        async with await anext(inbox) as delivery:
            assert delivery.attempt == 1

        async def hanging() -> None:
            async with await anext(inbox):
                handling.set()
                await asyncio.Event().wait()

        handling = asyncio.Event()
        task = asyncio.create_task(hanging())
        await asyncio.to_thread(post, receiver, 2)
        await handling.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with await anext(inbox) as delivery:
            assert delivery.attempt == 2

    asynchronous(work, tmp_path)


@pytest.mark.parametrize("deliver", [True, False])
def test_a_client_with_a_receiver(serve: Serve, tmp_path: Path, deliver: bool) -> None:
    """Each job brings its callback URL; the wait is told, and a handler where one is wanted."""
    inbox = Inbox.open(tmp_path / "inbox.db")
    with Receiver(inbox, listen="127.0.0.1:0") as receiver, serve.client(webhooks=receiver) as client:
        job = client.detect([b"no picture"], classes=["person"], deliver=deliver)
        result = job.wait(timeout=60)
        # The callback URL is a secret, which nobody here wrote.
        assert result.status == "COMPLETED_ALL_ERROR" and "/cb/" not in repr(result)
        # What was not asked for as ours says where it is called, and no more.
        other = client.detect_jobs.get(job.id)
        [row] = client.detect_jobs.search(custom_id=other.custom_id)
        for shown in (other, row):
            assert shown.webhook_url == f"{receiver.public_url}/cb/[secret]" and b"/cb/[secret]" not in shown.raw
        if deliver:
            with next(inbox) as delivery:
                assert isinstance(delivery.event, DetectJob)
                assert "/cb/" not in repr(delivery.event) and b"/cb/" in delivery.raw
                assert [image.input and image.input.index for image in delivery.event.image_results] == [0]
                assert delivery.job_id == delivery.event.id == job.id
                assert delivery.rid is not None and delivery.idempotency_key == delivery.rid
        items = list(client.detect_all([b"a", b"b"], classes=["person"], batch_size=1, deliver=deliver))
        assert len(items) == 2
        if deliver:
            for _ in range(2):
                next(inbox).ack()
        # A wait may have been quicker than the webhook.
        while inbox.counts().jobs.completed < 3:
            time.sleep(0.01)
        assert [entry.attempts for entry in inbox.list()] == [int(deliver)] * 3
    with pytest.raises(ConfigError, match="webhooks: "):
        serve.client(webhooks=inbox)


def test_an_asynchronous_client_with_a_receiver(serve: Serve, tmp_path: Path) -> None:
    async def main() -> None:
        inbox = AsyncInbox.open(tmp_path / "inbox.db")
        receiver = AsyncReceiver(inbox, listen="127.0.0.1:0")
        async with receiver, serve.async_client(webhooks=receiver) as client:
            job = await client.detect([b"no picture"], classes=["person"])
            async with await anext(inbox) as delivery:
                assert delivery.job_id == job.id
            with pytest.raises(ConfigError, match="deliver: "):
                await client.detect([b"no picture"], classes=["person"], deliver=1)  # type: ignore[arg-type]

    asyncio.run(main())


SENDER = """
    import hashlib, hmac, http.client, json, sys, threading, time
    host, port, secret, count, threads = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode(), int(sys.argv[4]), 8
    longest, statuses = [0.0] * threads, [set() for _ in range(threads)]
    def send(which):
        connection = http.client.HTTPConnection(host, port, timeout=30)
        for number in range(which, count, threads):
            body = json.dumps({"event": "IDENTITY_CREATED", "identity": {"id": f"i-{number}"}}).encode()
            signature = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
            began = time.monotonic()
            connection.request("POST", "/ii/events", body, {"x-niro-signature": signature})
            answer = connection.getresponse()
            answer.read()
            longest[which] = max(longest[which], time.monotonic() - began)
            statuses[which].add(answer.status)
    sending = [threading.Thread(target=send, args=(which,)) for which in range(threads)]
    for one in sending: one.start()
    for one in sending: one.join()
    print(json.dumps({"longest": max(longest), "statuses": sorted(set().union(*statuses))}))
"""


def sender(receiver: Receiver | AsyncReceiver, count: int) -> "subprocess.Popen[str]":
    assert receiver.address is not None
    host, port = receiver.address
    arguments = [host, str(port), SECRET, str(count)]
    command = [sys.executable, "-c", textwrap.dedent(SENDER), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def finished(process: "subprocess.Popen[str]") -> dict[str, Any]:
    out, _ = process.communicate(timeout=120)
    read: dict[str, Any] = json.loads(out)
    return read


COUNT = 10_000


def test_ten_thousand_webhooks_while_a_thread_blocks_in_its_handler(inbox: Inbox, receiver: Receiver) -> None:
    """The handler has its first event until all have been sent: the listener never waits for it."""
    process = sender(receiver, COUNT)
    with next(inbox):
        said = finished(process)
    assert said["statuses"] == [200]
    assert said["longest"] < 1, "the promise of the issue"
    events = inbox.counts().events
    assert events.done == 1 and events.ready + events.leased == COUNT - 1


def test_ten_thousand_webhooks_while_the_event_loop_is_blocked(tmp_path: Path) -> None:
    """The handler never lets the loop run until all have been sent."""

    async def work(inbox: AsyncInbox, receiver: AsyncReceiver) -> None:
        process = sender(receiver, COUNT)
        async with await anext(inbox):
            said = finished(process)  # blocks the loop
        assert said["statuses"] == [200]
        assert said["longest"] < 1, "the promise of the issue"
        events = (await inbox.counts()).events
        assert events.done == 1 and events.ready + events.leased == COUNT - 1

    asynchronous(work, tmp_path)


def program(text: str, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-P", "-c", textwrap.dedent(text), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


WAITS = {
    "for": """
        import sys
        from image_intelligence import Inbox
        inbox = Inbox.open(sys.argv[1])
        print("waiting", flush=True)
        for delivery in inbox:
            pass
    """,
    "async for": """
        import asyncio, sys
        from image_intelligence import AsyncInbox
        async def main():
            inbox = AsyncInbox.open(sys.argv[1])
            print("waiting", flush=True)
            async for delivery in inbox:
                pass
        asyncio.run(main())
    """,
}


@pytest.mark.parametrize("text", WAITS.values(), ids=WAITS)
def test_ctrl_c_ends_a_wait_for_an_event(text: str, tmp_path: Path) -> None:
    process = program(text, str(tmp_path / "inbox.db"))
    assert process.stdout is not None and process.stdout.readline() == "waiting\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert err.rstrip().endswith("KeyboardInterrupt") and "panicked" not in err


def test_a_forked_child_has_no_inbox_and_no_receiver(tmp_path: Path) -> None:
    process = program(
        """
        import os, sys
        from image_intelligence import Client, ClosedError, Inbox, Receiver
        inbox = Inbox.open(sys.argv[1] + "/inbox.db")
        receiver = Receiver(inbox, listen="127.0.0.1:0")
        client = Client(base_url="http://127.0.0.1:9", client_id="a", client_secret="b", webhooks=receiver)
        pid = os.fork()
        if pid == 0:
            broken = [
                lambda: next(inbox),
                inbox.counts,
                receiver.close,
                lambda: Receiver(inbox, listen="127.0.0.1:0"),
                lambda: client.detect([b"a"], classes=["person"]),
            ]
            for call in broken:
                try:
                    call()
                except ClosedError as error:
                    print(error, flush=True)
            del inbox, receiver, client, broken
            again = Inbox.open(sys.argv[1] + "/inbox.db")
            print(again.counts().events.ready, flush=True)
            again.close()
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        print(pid and os.getpid(), inbox.counts().events.ready)
        receiver.close()
        """,
        str(tmp_path),
    )
    out, err = process.communicate(timeout=30)
    assert err == ""
    parent = process.pid
    said = [
        f"the {what} was opened in process {parent}; open it again after fork"
        for what in ("inbox", "inbox", "receiver", "inbox", "client's receiver")
    ]
    assert out.splitlines() == [*said, "0", f"{parent} 0"]


def test_closed_is_closed(inbox: Inbox) -> None:
    inbox.close()
    inbox.close()
    assert list(inbox) == []
    with pytest.raises((ClosedError, StoreError)):
        inbox.counts()


def test_a_callback_is_verified_by_its_path() -> None:
    keys = webhooks.CallbackKeys({1: bytes(32)}, base=BASE)
    token = keys.mint("match", expires=4e9, rid=bytes(16))
    body = b'{"id": "1", "status": "IN_PROGRESS"}'
    for path in (f"/ii/cb/{token}", keys.callback_url(token), f"/cb/{token}?a=/b", token):
        assert type(webhooks.parse(body, path=path, keys=keys)).__name__ == "MatchJob"
    assert keys.verify(token).kind == keys.verify_path(f"/x/{token}", [BASE]).kind == "match"
    for path in ("/ii/cb/", "/ii/cb/guessed", f"/ii/cb/{token}/", "/ii/cb/\ud800"):
        with pytest.raises(WebhookVerificationError) as raised:
            webhooks.parse(body, path=path, keys=keys)
        assert raised.value.reason == "malformed", path
    with pytest.raises(WebhookVerificationError) as other:
        webhooks.parse(body, path=token, keys=keys, base="https://elsewhere.example.com")
    assert other.value.reason == "mismatch"
    for settings in ({"keys": keys}, {"path": token}, {"path": token, "keys": None}, {"path": token, "keys": "k"}):
        with pytest.raises(ConfigError):
            webhooks.parse(body, **settings)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequestError, match="bases: "):
        webhooks.parse(body, path=token, keys=webhooks.CallbackKeys({1: bytes(32)}))
