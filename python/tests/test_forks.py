"""Forks while an inbox in a file is open: nothing hangs, and nothing that was answered 200 is lost."""

import sys
import textwrap
from pathlib import Path

import pytest

from conftest import ran_alone

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")

FIRST = """
    import hashlib, hmac, http.client, os, sys, threading, warnings
    from image_intelligence import ClosedError, Inbox, Receiver
    warnings.simplefilter("ignore")  # Python's own, about threads and forks

    def opened(name):
        inbox = Inbox.open(os.path.join(sys.argv[1], name))
        return inbox, Receiver(inbox, public_url="https://hooks.example.com/ii", listen="127.0.0.1:0", secrets=["x"])

    def post(receiver, name):
        body = b'{"event": "IDENTITY_CREATED", "identity": {"id": "%s"}}' % name.encode()
        signature = "sha256=" + hmac.new(b"x", body, hashlib.sha256).hexdigest()
        connection = http.client.HTTPConnection(*receiver.address, timeout=30)
        connection.request("POST", "/ii/events", body, {"x-niro-signature": signature})
        assert connection.getresponse().status == 200
        connection.close()
"""


def run(program: str, folder: Path) -> None:
    ran = ran_alone(textwrap.dedent(FIRST) + textwrap.dedent(program), folder, timeout=100)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "done\n", "")


def test_what_a_child_takes_stays_when_its_parent_closes(tmp_path: Path) -> None:
    """The log of a file that a child does not know to be shared would be taken from under it."""
    run(
        """
        inbox = Inbox.open(os.path.join(sys.argv[1], "a.db"))
        (told, tell), (closed, close) = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            again, receiver = opened("a.db")
            for number in range(5):
                post(receiver, f"before {number}")
            os.write(tell, b"!")
            os.read(closed, 1)
            for number in range(5):
                post(receiver, f"after {number}")
            os._exit(0)
        assert os.read(told, 1) == b"!"
        inbox.close()
        os.write(close, b"!")
        assert os.waitpid(child, 0)[1] == 0
        assert Inbox.open(os.path.join(sys.argv[1], "a.db")).counts().events.ready == 10
        print("done")
        """,
        tmp_path,
    )


def test_forks_while_webhooks_come(tmp_path: Path) -> None:
    run(
        """
        inbox, receiver = opened("a.db")
        post(receiver, "first")  # so that all is imported: Python's own locks of that do not survive a fork either
        taken, ending = 1, threading.Event()

        def keep_posting():
            global taken
            while not ending.is_set():
                post(receiver, f"parent {taken}")
                taken += 1

        thread = threading.Thread(target=keep_posting)
        thread.start()
        for number in range(20):
            child = os.fork()
            if child == 0:
                try:
                    inbox.counts()
                    os._exit(1)
                except ClosedError:
                    pass
                for name in ("a.db", f"{number}.db"):
                    _, own = opened(name)
                    post(own, f"child {number}")
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0, number
        ending.set()
        thread.join()
        assert inbox.counts().events.ready == taken + 20 > 20
        receiver.close()
        print("done")
        """,
        tmp_path,
    )


def test_a_child_keeps_neither_the_port_nor_the_file_of_its_parent(tmp_path: Path) -> None:
    run(
        """
        inbox, receiver = opened("a.db")
        other = Receiver(inbox, public_url="https://hooks.example.com/ii", listen="127.0.0.1:0", secrets=["x"])
        post(receiver, "first")
        host, port = receiver.address
        other.close()  # whose number may be anything's by the time of the fork
        (closed, close), (told, tell) = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            if sys.platform == "linux":
                # The database and its log are open again in the parent alone.
                numbers = os.listdir("/proc/self/fd")
                names = [os.readlink(f"/proc/self/fd/{one}") for one in numbers if os.path.exists(f"/proc/self/fd/{one}")]
                assert not [name for name in names if "a.db" in name], names
            os.write(tell, b"!")
            os.read(closed, 1)
            os._exit(0)
        assert os.read(told, 1) == b"!"
        receiver.close()
        again = Receiver(Inbox.open(os.path.join(sys.argv[1], "a.db")), public_url="https://hooks.example.com/ii",
                         listen=f"{host}:{port}", secrets=["x"])
        post(again, "second")
        again.close()
        os.write(close, b"!")
        assert os.waitpid(child, 0)[1] == 0
        print("done")
        """,
        tmp_path,
    )
