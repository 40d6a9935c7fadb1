"""What the Rust side says, as records of `logging`: what comes, what never does, and what it holds up."""

import http.client
import logging
import queue
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import ran_alone
from image_intelligence import Inbox, Receiver, webhooks

SECRET = "a secret key"
BASE = "https://hooks.example.com/ii"
MASTER = b"m" * 32
FORGED = {"x-niro-signature": "sha256=" + "0" * 64}
OURS = logging.getLogger("image_intelligence")


class Heard(logging.Handler):
    """Keeps records; where it is `held`, it lets nobody past meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.records: queue.Queue[logging.LogRecord] = queue.Queue()
        self.held = threading.Lock()
        self.entered = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.entered.set()
        with self.held:
            self.records.put(record)

    def next(self) -> logging.LogRecord:
        return self.records.get(timeout=30)


@pytest.fixture
def heard() -> Iterator[Heard]:
    handler = Heard()
    OURS.addHandler(handler)
    yield handler
    OURS.removeHandler(handler)
    OURS.setLevel(logging.NOTSET)


@pytest.fixture
def keys() -> webhooks.CallbackKeys:
    return webhooks.CallbackKeys({1: MASTER})


@pytest.fixture
def inbox(tmp_path: Path, keys: webhooks.CallbackKeys) -> Iterator[Inbox]:
    with Inbox.open(tmp_path / "inbox.db", callback_keys=keys, shutdown_timeout=0) as opened:
        yield opened


def opened(inbox: Inbox) -> Receiver:
    return Receiver(inbox, public_url=BASE, listen="127.0.0.1:0", secrets=[SECRET])


def post(receiver: Receiver, path: str = "/ii/events", body: bytes = b"{}", **headers: str) -> int:
    assert receiver.address is not None
    connection = http.client.HTTPConnection(*receiver.address, timeout=30)
    connection.request("POST", path, body, headers or FORGED)
    status = connection.getresponse().status
    connection.close()
    return status


def test_why_a_webhook_was_turned_away_is_told_and_nothing_secret(
    inbox: Inbox, keys: webhooks.CallbackKeys, heard: Heard
) -> None:
    token = keys.mint("detect", expires=1, rid="ab" * 16, base=BASE)
    with opened(inbox) as receiver:
        assert post(receiver, body=b'{"seen": "only here"}') == 401
        assert post(receiver, f"/ii/cb/{token}") == 404
    forged, expired = heard.next(), heard.next()
    assert (forged.levelname, forged.name) == ("WARNING", "image_intelligence.webhooks.receiver.refusal")
    assert forged.getMessage() == "a webhook was turned away status=401 reason=signature_mismatch"
    assert vars(forged)["fields"] == {"status": "401", "reason": "signature_mismatch"}
    assert vars(expired)["fields"] == {"status": "404", "reason": "token_expired"}
    shown = f"{vars(forged)} {vars(expired)}"
    assert not [secret for secret in (SECRET, token, "only here", FORGED["x-niro-signature"]) if secret in shown]


def test_the_level_is_what_it_was_when_something_was_opened(inbox: Inbox, heard: Heard) -> None:
    OURS.setLevel(logging.DEBUG)
    with opened(inbox) as receiver:
        assert post(receiver, "/ii/elsewhere") == 404
        told = heard.next()
        assert (told.levelname, vars(told)["fields"]) == ("DEBUG", {"status": "404", "reason": "no_route"})
        OURS.setLevel(logging.CRITICAL)
        another = opened(inbox)
        OURS.setLevel(logging.DEBUG)
        assert (post(another, "/ii/elsewhere"), post(receiver, "/ii/elsewhere"), post(another)) == (404, 404, 401)
        # What was too fine when the second was opened was not taken; warnings are, whatever the level.
        assert heard.next().levelname == "WARNING"


def test_a_handler_that_blocks_holds_up_no_webhook(inbox: Inbox, heard: Heard) -> None:
    with opened(inbox) as receiver:
        with heard.held:
            assert post(receiver) == 401
            assert heard.entered.wait(30)
            assert [post(receiver) for _ in range(40)] == [401] * 40
            assert heard.records.empty()
        assert [vars(heard.next())["fields"]["status"] for _ in range(41)] == ["401"] * 41


def test_a_filter_that_fails_is_told_and_the_next_record_comes(
    inbox: Inbox, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: queue.Queue[str] = queue.Queue()
    monkeypatch.setattr(threading, "excepthook", lambda failure: failures.put(str(failure.exc_value)))

    def fail(_: logging.LogRecord) -> bool:
        heard.removeFilter(fail)
        raise RuntimeError("the filter is broken")

    heard.addFilter(fail)
    with opened(inbox) as receiver:
        assert (post(receiver), post(receiver)) == (401, 401)
        assert failures.get(timeout=30) == "the filter is broken"
        assert heard.next().levelname == "WARNING"


def run(program: str, tmp_path: Path) -> "subprocess.CompletedProcess[str]":
    """A program of its own, which is given a folder, and a receiver by `opened()`."""
    first = """
        import http.client, logging, os, sys, threading
        from image_intelligence import Inbox, Receiver

        def opened(name):
            inbox = Inbox.open(os.path.join(sys.argv[1], name))
            return Receiver(inbox, public_url="https://hooks.example.com/ii", listen="127.0.0.1:0", secrets=["x"])

        def forge(receiver):
            connection = http.client.HTTPConnection(*receiver.address, timeout=30)
            connection.request("POST", "/ii/events", b"{}", {"x-niro-signature": "sha256=" + "0" * 64})
            assert connection.getresponse().status == 401
            connection.close()
    """
    return ran_alone(textwrap.dedent(first) + textwrap.dedent(program), tmp_path)


LINE = "image_intelligence.webhooks.receiver.refusal a webhook was turned away status=401 reason=signature_mismatch"


def test_what_was_said_last_is_there_when_the_program_ends(tmp_path: Path) -> None:
    program = """
        logging.basicConfig(format="%(name)s %(message)s")
        forge(opened("a.db"))
    """
    ran = run(program, tmp_path)
    assert (ran.returncode, ran.stderr) == (0, LINE + "\n")


def test_without_a_handler_nothing_is_printed(tmp_path: Path) -> None:
    ran = run('forge(opened("a.db"))', tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_where_threads_are_green_there_is_no_log(tmp_path: Path) -> None:
    program = """
        import _thread
        start = _thread.start_new_thread
        _thread.start_new_thread = lambda *given: start(*given)  # as gevent and eventlet do
        logging.basicConfig()
        forge(opened("a.db"))
        print([thread.name for thread in threading.enumerate()])
    """
    ran = run(program, tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "['MainThread']\n", "")


@pytest.mark.parametrize("what", ["held.acquire()", "while True: pass"])
def test_a_program_ends_though_a_handler_does_not(what: str, tmp_path: Path) -> None:
    program = f"""
        held, entered = threading.Lock(), threading.Event()
        held.acquire()

        class Stuck(logging.Handler):
            def createLock(self):
                self.lock = None  # at the end of the program, logging itself would wait for it for ever

            def emit(self, record):
                entered.set()
                {what}

        logging.getLogger("image_intelligence").addHandler(Stuck())
        forge(opened("a.db"))
        assert entered.wait(30)
        print("ended")
    """
    ran = run(program, tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "ended\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_forked_child_hears_of_itself(tmp_path: Path) -> None:
    program = """
        import warnings
        warnings.simplefilter("ignore")
        logging.basicConfig(format="%(process)d %(name)s %(message)s")
        receiver = opened("a.db")
        forge(receiver)
        child = os.fork()
        if child == 0:
            forge(opened("b.db"))
            sys.exit(0)
        _, status = os.waitpid(child, 0)
        silent = os.fork()
        if silent == 0:
            sys.exit(0)
        _, other = os.waitpid(silent, 0)
        forge(receiver)
        print(os.getpid(), child, status, other)
    """
    ran = run(program, tmp_path)
    assert ran.returncode == 0, ran.stderr
    parent, child, *statuses = ran.stdout.split()
    assert statuses == ["0", "0"]
    assert sorted(ran.stderr.splitlines()) == sorted([f"{parent} {LINE}", f"{parent} {LINE}", f"{child} {LINE}"])
