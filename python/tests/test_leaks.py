"""A border that leaks nothing: memory and handles are level over 10,000 calls, 1,000 of them cancelled in flight."""

import asyncio
import gc
import os
import sys

import pytest

from conftest import Serve
from image_intelligence import AsyncClient, ImageIntelligenceError, Target, webhooks
from scripted import Answer, Hang, Scripted, asked

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

CALLS = 10_000
CANCELLED = 1_000
AT_ONCE = 100


def resident() -> int:
    """The memory of this process, in bytes."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def handles() -> int:
    return len(os.listdir("/proc/self/fd"))


async def calls(client: AsyncClient, number: int) -> None:
    token = (await client.detect([b"a picture"], classes=["person"])).resume_token

    async def some() -> None:
        for index in range(number // AT_ONCE):
            if index % 16 == 7:
                run = client.detect_all([b"a picture"], classes=["person"])
                assert len([item async for item in run]) == 1
            elif index % 16 == 15:
                assert (await anext(client.track([token]))).ok
            elif index % 8 == 5:
                assert len([row async for row in client.recognition("staff").groups.all(limit=7)]) == 3
            elif index % 8 == 6:
                handle = await client.match([b"a picture"], Target("dog", ["https://example.com/rex.jpg"]))
                assert (await handle.wait()).is_done
            elif index % 4:
                assert (await client.detect_jobs.get("1")).is_done
            else:
                with pytest.raises(ImageIntelligenceError):
                    await client.detect_jobs.get("nobody")

    await asyncio.gather(*(some() for _ in range(AT_ONCE)))


async def cancelled(client: AsyncClient, server: Scripted, number: int) -> None:
    for _ in range(number // AT_ONCE):
        before = server.hung_up
        tasks = [asyncio.create_task(client.detect_jobs.get("hang")) for _ in range(AT_ONCE)]
        await asyncio.to_thread(server.until, lambda server: server.hanging == AT_ONCE)
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(one, asyncio.CancelledError) for one in ended)
        await asyncio.to_thread(server.until, lambda server, was=before: server.hung_up == was + AT_ONCE)


def test_nothing_is_left_behind() -> None:
    def script(request: object) -> Answer | Hang:
        path = getattr(request, "path", "")
        if path.endswith("/hang"):
            return Hang()
        if path.endswith("/search"):
            return Answer(200, b'[{"id": "1"}, {"id": "2"}, {"id": "3"}]')
        return Answer(404) if path.endswith("/nobody") else asked(request)

    async def main() -> None:
        with Scripted(script) as server:
            async with server.async_client() as client:
                # What is made once, and what the server of this very process takes, is made first.
                await calls(client, CALLS // 5)
                await cancelled(client, server, AT_ONCE * 2)
                await calls(client, CALLS // 5)
                server.requests.clear()
                gc.collect()
                memory, open_ = resident(), handles()
                for _ in range(10):
                    await calls(client, (CALLS - CANCELLED) // 10)
                    await cancelled(client, server, CANCELLED // 10)
                    server.requests.clear()
                gc.collect()
                grown = resident() - memory
                assert server.hung_up >= CANCELLED
                assert grown < 8 * 1024 * 1024, f"{grown:,} bytes more"
                assert handles() <= open_ + AT_ONCE // 10, f"{handles()} handles instead of {open_}"

    asyncio.run(main())


def test_what_is_synchronous_leaves_nothing_behind(serve: Serve) -> None:
    body = b'{"id": "1", "status": "IN_PROGRESS", "jobResults": [{"class": "x"}]}'

    def once(client: object) -> None:
        for _ in range(100):
            webhooks.parse(body)
            with pytest.raises(ImageIntelligenceError):
                webhooks.parse(b"[]")
        serve.client().close()

    for _ in range(30):
        once(None)
    gc.collect()
    memory, open_ = resident(), handles()
    for _ in range(100):
        once(None)
    gc.collect()
    assert resident() - memory < 4 * 1024 * 1024
    assert handles() <= open_
