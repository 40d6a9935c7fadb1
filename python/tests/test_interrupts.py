"""Ctrl-C, the end of the program, and forks: in programs of their own."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from jobs import Jobs
from scripted import SECRET, Answer, Hang, Request, Scripted, asked, job

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and forks are POSIX's")


def program(server: Scripted, text: str) -> "subprocess.Popen[str]":
    settings = {"II_BASE_URL": server.base_url, "II_CLIENT_ID": "tester", "II_CLIENT_SECRET": SECRET}
    return subprocess.Popen(
        [sys.executable, "-P", "-X", "dev", "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(text)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **settings},
    )


def finish(process: "subprocess.Popen[str]", seconds: float = 20) -> tuple[str, str]:
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        pytest.fail(f"it never ended: {out}{err}")
    assert "panicked" not in err
    return out, err


def hanging(request: Request) -> Answer | Hang:
    """Takes jobs, and never says how they are."""
    return Answer(200, job("IN_PROGRESS")) if request.method == "POST" else Hang()


WAITS = {
    "wait": """
        from image_intelligence import Client
        with Client() as client:
            handle = client.resume(client.detect([b"a picture"], classes=["person"]).resume_token)
            try:
                handle.wait()
            except KeyboardInterrupt:
                print("interrupted")
                raise
    """,
    "read": """
        from image_intelligence import Client
        with Client() as client:
            client.detect([b"a picture"], classes=["person"])
            try:
                client.detect_jobs.get("1")
            except KeyboardInterrupt:
                print("interrupted")
                raise
    """,
    "run": """
        from image_intelligence import Client
        with Client() as client:
            run = client.detect_all(iter([b"a picture"]), classes=["person"])
            try:
                list(run)
            except KeyboardInterrupt:
                assert len(run.in_flight) == 1
                print("interrupted")
                raise
    """,
    "as_completed": """
        from image_intelligence import Client
        with Client() as client:
            job = client.resume(client.detect([b"a picture"], classes=["person"]).resume_token)
            try:
                list(client.as_completed([job]))
            except KeyboardInterrupt:
                print("interrupted")
                raise
    """,
    "async run": """
        import asyncio
        from image_intelligence import AsyncClient
        async def main():
            async with AsyncClient() as client:
                run = client.detect_all([b"a picture"], classes=["person"])
                try:
                    async for _ in run: pass
                except asyncio.CancelledError:
                    assert len(run.in_flight) == 1
                    print("interrupted")
                    raise
        asyncio.run(main())
    """,
    "asyncio": """
        import asyncio
        from image_intelligence import AsyncClient
        async def main():
            async with AsyncClient() as client:
                await client.detect([b"a picture"], classes=["person"])
                try:
                    await client.detect_jobs.get("1")
                except asyncio.CancelledError:
                    print("interrupted")
                    raise
        asyncio.run(main())
    """,
}


@pytest.mark.parametrize("text", WAITS.values(), ids=WAITS)
def test_ctrl_c_ends_a_wait_at_once(scripted: Scripted, text: str) -> None:
    scripted.script = hanging
    process = program(scripted, text)
    scripted.until(lambda server: server.hanging == 1)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = finish(process)
    assert time.monotonic() - began < 1
    assert out == "interrupted\n"
    assert err.rstrip().endswith("KeyboardInterrupt")
    scripted.until(lambda server: server.hung_up == 1)


def test_a_handler_that_does_not_raise_does_not_end_a_wait(scripted: Scripted) -> None:
    scripted.script = hanging
    process = program(
        scripted,
        """
        import signal
        from image_intelligence import Client
        signal.signal(signal.SIGUSR1, lambda *_: print("heard", flush=True))
        with Client() as client:
            client.detect([b"a picture"], classes=["person"])
            client.detect_jobs.get("1")
        """,
    )
    scripted.until(lambda server: server.hanging == 1)
    process.send_signal(signal.SIGUSR1)
    assert process.stdout is not None and process.stdout.readline() == "heard\n"
    assert process.poll() is None and scripted.hung_up == 0
    process.send_signal(signal.SIGINT)
    finish(process)


@pytest.mark.parametrize("how", ["a thread", "a task"])
def test_a_program_ends_while_something_is_under_way(scripted: Scripted, how: str) -> None:
    """Neither a daemon thread in a wait nor a call that nobody awaits holds the program up, or crashes it."""
    scripted.script = hanging
    texts = {
        "a thread": """
            import threading
            from image_intelligence import Client
            client = Client()
            client.detect([b"a picture"], classes=["person"])
            for _ in range(8):
                threading.Thread(target=lambda: client.detect_jobs.get("1"), daemon=True).start()
            input()
        """,
        "a task": """
            import asyncio, threading
            from image_intelligence import AsyncClient
            client = AsyncClient()
            async def main():
                for _ in range(8):
                    asyncio.create_task(client.detect_jobs.get("1"))._log_destroy_pending = False
                await asyncio.to_thread(input)
            loop = asyncio.new_event_loop()
            loop.run_until_complete(main())
        """,
    }
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", textwrap.dedent(texts[how])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "II_BASE_URL": scripted.base_url, "II_CLIENT_ID": "tester", "II_CLIENT_SECRET": SECRET},
    )
    scripted.until(lambda server: server.hanging == 8)
    out, err = process.communicate("\n", timeout=20)
    assert (process.returncode, out, err) == (0, "", "")


def test_a_client_is_of_use_to_the_very_end(scripted: Scripted) -> None:
    text = """
        import atexit
        @atexit.register
        def last():
            print(client.detect_jobs.get("1").id)
        from image_intelligence import Client
        client = Client()
        client.detect_jobs.get("1")
    """
    out, err = finish(program(scripted, text))
    assert (out, err) == ("1\n", "")


FORKS = {
    "os.fork": """
        pid = os.fork()
        if pid == 0:
            child()
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
    """,
    "multiprocessing": """
        import multiprocessing
        process = multiprocessing.get_context("fork").Process(target=child)
        process.start()
        process.join()
        assert process.exitcode == 0
    """,
}


def test_a_forked_child_has_handles_of_any_kind_and_no_rows_of_its_parent(scripted: Scripted) -> None:
    rows = json.dumps([{"id": str(index), "createdAt": 1487648348000 - index} for index in range(100)]).encode()
    scripted.script = lambda request: Answer(200, rows) if request.path.endswith("/search") else asked(request)
    text = """
        import os
        from image_intelligence import Client, ClosedError, Target
        client = Client()
        target = Target("dog", ["https://example.com/rex.jpg"])
        handle = client.match([b"a picture"], target, custom_id="mine")
        rows = client.recognition("staff").groups.all()
        next(rows)
        pid = os.fork()
        if pid == 0:
            assert handle.custom_id == "mine" and handle.wait().is_done
            assert len([next(rows) for _ in range(99)]) == 99
            try:
                next(rows)
            except ClosedError as error:
                print(error, flush=True)
            assert len(client.recognition("staff").groups.search()) == 100
            del handle, rows, client
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        assert handle.wait().is_done and next(rows).id == "1"
        print("parent")
    """
    out, err = finish(program(scripted, text))
    assert (out, err) == ("these rows are of the process that forked this one; ask for them anew\nparent\n", "")


def test_a_forked_child_has_no_run_of_its_parent_and_can_begin_its_own(scripted: Scripted) -> None:
    scripted.script = Jobs()
    text = """
        import os
        from image_intelligence import Client, ClosedError
        client = Client()
        run = client.detect_all((b"%d" % i for i in range(9)), classes=["person"], batch_size=3)
        job = client.detect([b"a"], classes=["person"])
        ended = client.as_completed([job, job])
        next(run), next(ended)
        pid = os.fork()
        if pid == 0:
            for broken in (lambda: list(run), lambda: run.in_flight, lambda: list(ended)):
                try:
                    broken()
                except ClosedError as error:
                    print(error, flush=True)
            run.close()
            assert len(list(client.detect_all([b"a", b"b"], classes=["person"]))) == 2
            assert [done.ok for done in client.as_completed([job])] == [True]
            del run, ended, client
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        print(len(list(run)), len(list(ended)))
    """
    out, err = finish(program(scripted, text))
    said = [
        "this run is of the process that forked this one; begin one anew",
        "this run is of the process that forked this one; begin one anew",
        "this wait is of the process that forked this one; begin one anew",
    ]
    # What the parent had buffered the child has too, and it is the parent's to give.
    assert (out, err) == ("\n".join([*said, "8 1"]) + "\n", "")


@pytest.mark.parametrize("fork", FORKS.values(), ids=FORKS)
def test_a_forked_child_starts_afresh(scripted: Scripted, fork: str) -> None:
    """The parent has a wait in flight in another thread, and goes on; the child's client connects anew."""
    scripted.script = lambda request: Hang() if request.path.endswith("/hang") else asked(request)
    text = """
        import asyncio, os, threading
        from image_intelligence import AsyncClient, Client
        client, async_client = Client(), AsyncClient()
        handle = client.detect([b"a picture"], classes=["person"], custom_id="mine")
        asyncio.run(async_client.detect_jobs.get("1"))

        def wait():
            try:
                client.detect_jobs.get("hang")
            except BaseException as error:
                print("the parent's wait:", error)
        threading.Thread(target=wait, daemon=True).start()
        def task():
            try:
                asyncio.run(async_client.detect_jobs.get("hang"))
            except BaseException as error:
                print("the parent's task:", error)
        threading.Thread(target=task, daemon=True).start()
        input()

        def child():
            assert handle.custom_id == "mine"
            assert handle.get().is_done and handle.wait().is_done
            assert client.detect([b"a picture"], classes=["person"]).wait().is_done
            assert asyncio.run(async_client.detect_jobs.get("1")).is_done
            client.close()
            print("child", flush=True)

        for _ in range(3):
    """
    text = textwrap.dedent(text) + textwrap.indent(textwrap.dedent(fork), "    ")
    text += textwrap.dedent("""
        assert client.detect_jobs.get("1").is_done
        print("parent")
    """)
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", text],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "II_BASE_URL": scripted.base_url, "II_CLIENT_ID": "tester", "II_CLIENT_SECRET": SECRET},
    )
    scripted.until(lambda server: server.hanging == 2)
    tokens = scripted.tokens
    out, err = process.communicate("\n", timeout=40)
    assert (process.returncode, out, err) == (0, "child\nchild\nchild\nparent\n", "")
    assert scripted.tokens == tokens + 6  # each child's two clients fetched one of their own
