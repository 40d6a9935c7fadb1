"""The client of asyncio: real coroutines, several loops, cancelling, and a loop that is gone."""

import asyncio
import gc
import inspect
import threading
from pathlib import Path

import pytest

from conftest import Serve
from image_intelligence import AsyncClient, ClosedError, DetectJob, InvalidRequestError, NotFoundError, WaitTimeoutError
from scripted import Answer, Hang, Request, Scripted, asked


def test_the_real_detector(serve: Serve, root: Path) -> None:
    async def main() -> None:
        async with serve.async_client() as client:
            handle = await client.detect([root / "examples/photos/astronaut.jpg"], classes=["person"])
            result = await handle.wait(timeout=60)
            assert result.found("person")[0].confidence == pytest.approx(0.73, abs=0.02)
            assert (await handle.get()).classes == ["person"]
            assert (await client.detect_jobs.get(handle.id)).id == handle.id
            assert (await client.resume(handle.resume_token).wait()).is_done
            with pytest.raises(NotFoundError):
                await client.detect_jobs.get("nobody")
            with pytest.raises(InvalidRequestError, match="pathlib"):
                await client.detect(["astronaut.jpg"], classes=["person"])
        with pytest.raises(ClosedError):
            await handle.wait()

    asyncio.run(main())


def test_calls_are_coroutines(scripted: Scripted) -> None:
    async def main() -> None:
        async with scripted.async_client() as client:
            call = client.detect_jobs.get("1")
            assert inspect.iscoroutine(call)
            task = asyncio.create_task(call)
            async with asyncio.TaskGroup() as group:
                others = [group.create_task(client.detect_jobs.get(str(index))) for index in range(100)]
            assert (await task).id == "1" and all(other.result().is_done for other in others)

    asyncio.run(main())


def test_cancelling_closes_the_connection(scripted: Scripted) -> None:
    scripted.script = lambda request: Hang()

    async def main() -> None:
        async with scripted.async_client() as client:
            task = asyncio.create_task(client.detect_jobs.get("1"))
            await asyncio.to_thread(scripted.until, lambda server: server.hanging == 1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.to_thread(scripted.until, lambda server: server.hung_up == 1)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await client.detect_jobs.get("1")
            await asyncio.to_thread(scripted.until, lambda server: server.hung_up == 2)

    asyncio.run(main())


def test_several_loops_share_a_client(scripted: Scripted) -> None:
    client = scripted.async_client()
    jobs: list[DetectJob] = []

    async def main() -> None:
        jobs.extend(await asyncio.gather(*(client.detect_jobs.get(str(index)) for index in range(50))))

    threads = [threading.Thread(target=lambda: asyncio.run(main())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asyncio.run(main())
    assert len(jobs) == 250
    asyncio.run(client.close())


def test_a_loop_that_is_closed_meanwhile(scripted: Scripted, caplog: pytest.LogCaptureFixture) -> None:
    """Answers for a loop that is gone are dropped, without a word, and the client goes on in the next one."""
    closed = threading.Event()

    def script(request: Request) -> Answer:
        assert request.path.endswith("/next") or closed.wait(10)
        return asked(request)

    client = scripted.async_client()
    scripted.script = script
    loop = asyncio.new_event_loop()
    call = client.detect_jobs.get("slow")

    async def start() -> None:
        # Started by hand, so that nothing cancels it when its loop ends.
        assert asyncio.isfuture(call.send(None))

    loop.run_until_complete(start())
    scripted.until(lambda server: len(server.requests) == 1)
    loop.close()
    closed.set()

    async def main() -> str:
        return (await client.detect_jobs.get("next")).id

    # The server answers one after the other, and so does the border: the first answer has come when the second has.
    assert asyncio.run(main()) == "next"
    call.close()
    gc.collect()
    assert asyncio.run(main()) == "next"
    assert not caplog.records
    asyncio.run(client.close())


def test_close_ends_a_wait_of_another_task(never: Serve) -> None:
    async def main() -> None:
        client = never.async_client()
        handle = await client.detect([b"no picture"], classes=["person"])
        task = asyncio.create_task(handle.wait(timeout=60))
        await asyncio.sleep(0.3)
        await client.close()
        async with asyncio.timeout(1):
            with pytest.raises(ClosedError):
                await task

    asyncio.run(main())


def test_a_wait_that_runs_out(never: Serve) -> None:
    async def main() -> None:
        async with AsyncClient(base_url=never.base_url, client_id="local", client_secret="local") as client:
            handle = await client.detect([b"no picture"], classes=["person"])
            with pytest.raises(WaitTimeoutError) as raised:
                await handle.wait(timeout=0.1)
            assert raised.value.resume_token == handle.resume_token

    asyncio.run(main())


def test_an_exception_nobody_waits_for_is_not_complained_of(
    scripted: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    """A task that is cancelled in the moment in which its error comes."""
    scripted.script = lambda request: Answer(404)

    async def main() -> None:
        async with scripted.async_client() as client:
            for _ in range(50):
                tasks = [asyncio.create_task(client.detect_jobs.get("1")) for _ in range(4)]
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    task.cancel()
                results = await asyncio.gather(*tasks, return_exceptions=True)
                assert all(isinstance(result, (NotFoundError, asyncio.CancelledError)) for result in results)

    asyncio.run(main())
    gc.collect()
    assert not caplog.records
