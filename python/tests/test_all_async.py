"""Runs of the client for asyncio: the source and the results race, and a cancelled task loses nothing."""

import asyncio
from collections.abc import AsyncIterator
from itertools import chain

from image_intelligence import Progress
from jobs import Jobs
from scripted import Scripted
from sources import CLASSES, Source


def test_the_source_and_the_results_race(scripted: Scripted, jobs: Jobs) -> None:
    """A source that gives its second picture only after the first one's result."""
    taken = asyncio.Event()

    async def pictures() -> AsyncIterator[bytes]:
        yield b"0"
        await asyncio.wait_for(taken.wait(), 20)
        yield b"1"

    async def main() -> None:
        async with scripted.async_client() as client:
            seen = []
            async for item in client.detect_all(pictures(), classes=CLASSES, batch_size=1):
                seen.append(item.index)
                taken.set()
            assert seen == [0, 1]

    asyncio.run(main())


def test_one_pull_at_a_time(scripted: Scripted, jobs: Jobs) -> None:
    source = Source(200)

    async def main() -> None:
        async with scripted.async_client() as client:
            run = client.detect_all(source.slowly(0.0001), classes=CLASSES, batch_size=3)
            assert len([item async for item in run]) == 200

    asyncio.run(main())


def test_what_is_not_wanted_is_not_pulled_of_an_async_source(scripted: Scripted, jobs: Jobs) -> None:
    source = Source(10_000)

    async def main() -> None:
        async with scripted.async_client() as client:
            run = client.detect_all(source.slowly(), classes=CLASSES, batch_size=5, concurrency=2)
            for _ in range(10):
                await anext(run)
            pulled = source.pulled
            for _ in range(5):
                await client.detect_jobs.get("job-0")
            # At most the one that was under way has come.
            assert source.pulled <= pulled + 1
            assert source.pulled <= 10 + 15
            await run.aclose()

    asyncio.run(main())


def test_a_cancelled_task_loses_no_result(scripted: Scripted, jobs: Jobs) -> None:
    async def main() -> None:
        async with scripted.async_client() as client:
            run = client.detect_all(Source(100).slowly(0.001), classes=CLASSES, batch_size=5)
            seen = []
            for nth in range(10_000):
                try:
                    seen.append((await asyncio.wait_for(anext(run), 0.0005 * (nth % 7))).index)
                except TimeoutError:
                    continue
                except StopAsyncIteration:
                    break
            assert sorted(seen) == list(range(100))

    asyncio.run(main())


def test_tasks_may_share_a_run(scripted: Scripted, jobs: Jobs) -> None:
    async def main() -> None:
        async with scripted.async_client() as client:
            run = client.detect_all(Source(100), classes=CLASSES, batch_size=5)

            async def some() -> list[int]:
                return [item.index async for item in run]

            seen = await asyncio.gather(some(), some(), some())
            assert sorted(chain.from_iterable(seen)) == list(range(100))

    asyncio.run(main())


def test_closing_wakes_whoever_waits_and_cancels_the_pull(scripted: Scripted) -> None:
    scripted.script = Jobs(hold=True)
    cancelled = []

    async def pictures() -> AsyncIterator[bytes]:
        yield b"0"
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def main() -> None:
        async with scripted.async_client() as client:
            submitted = asyncio.Event()

            def told(progress: Progress) -> None:
                if progress.in_flight:
                    submitted.set()

            async with client.detect_all(pictures(), classes=CLASSES, batch_size=1, on_progress=told) as run:
                waiting = asyncio.create_task(anext(run, None))
                await submitted.wait()
            assert await asyncio.wait_for(waiting, 5) is None
            assert cancelled and len(run.in_flight) == 1
            assert [item async for item in run] == []

    asyncio.run(main())


def test_stop_while_the_source_hangs(scripted: Scripted) -> None:
    scripted.script = jobs = Jobs(hold=True)

    async def pictures() -> AsyncIterator[bytes]:
        yield b"0"
        await asyncio.sleep(1000)

    async def main() -> None:
        async with scripted.async_client() as client:

            def told(progress: Progress) -> None:
                if progress.in_flight:
                    run.stop()
                    jobs.hold = False

            run = client.detect_all(pictures(), classes=CLASSES, batch_size=1, on_progress=told)
            assert (await anext(run)).ok
            assert [item async for item in run] == []

    asyncio.run(main())
