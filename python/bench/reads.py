"""64 reads at once of a job of 1.9 KB: this client on one core, the server on the other."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from statistics import median

import aiohttp
import msgspec
import urllib3

from figures import Figure
from image_intelligence import AsyncClient, DetectJob
from pydantic_models import PydanticJob

AT_ONCE = 64
ROUNDS = 7
ROUND_S = 1.0
TOKEN = "a-token-for-a-bench"
# What the server of the benches has: an answer of another job would be refused.
ID = "5d689c71-e68f-46c3-ac71-4053806e71de"


async def rate(one: Callable[[], Awaitable[object]]) -> float:
    """How often `one` ends in a second, 64 of them at a time."""
    done = 0
    began = time.perf_counter()

    async def again() -> None:
        nonlocal done
        while time.perf_counter() - began < ROUND_S:
            await one()
            done += 1

    await asyncio.gather(*(again() for _ in range(AT_ONCE)))
    return done / (time.perf_counter() - began)


def threaded_rate(one: Callable[[], object]) -> float:
    counts = [0] * AT_ONCE
    began = time.perf_counter()

    def again(index: int) -> None:
        while time.perf_counter() - began < ROUND_S:
            one()
            counts[index] += 1

    threads = [threading.Thread(target=again, args=(index,)) for index in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - began)


async def asynchronous(base: str) -> tuple[float, float]:
    decode = msgspec.json.Decoder(DetectJob).decode
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json", "Cache-Control": "no-store"}
    timeout = aiohttp.ClientTimeout(total=60)
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with (
        AsyncClient(base_url=base, client_id="bench", client_secret="bench") as ours,
        aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout) as session,
    ):

        async def with_ours() -> DetectJob:
            return await ours.detect_jobs.get(ID)

        async def with_aiohttp() -> DetectJob:
            async with session.get(f"{base}/detect/{ID}") as answer:
                answer.raise_for_status()
                return decode(await answer.read())

        return await rate(with_ours), await rate(with_aiohttp)


def threaded(base: str) -> float:
    pool = urllib3.PoolManager(maxsize=AT_ONCE, block=True)
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json", "Cache-Control": "no-store"}

    def with_urllib3() -> PydanticJob:
        answer = pool.request("GET", f"{base}/detect/{ID}", headers=headers, timeout=60)
        assert answer.status == 200
        return PydanticJob.model_validate_json(answer.data)

    return threaded_rate(with_urllib3)


def measure(server: str) -> list[Figure]:
    """In a process of its own on core 0, before which nothing of ours has started a thread."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        print("reads: two cores are wanted, one for the server", file=sys.stderr)
    process = subprocess.Popen([server], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    os.sched_setaffinity(process.pid, {cores[-1]})
    os.sched_setaffinity(0, {cores[0]})
    try:
        assert process.stdout is not None
        base = f"http://127.0.0.1:{process.stdout.readline().strip()}/v2"
        rounds = [(*asyncio.run(asynchronous(base)), threaded(base)) for _ in range(ROUNDS)]
    finally:
        process.communicate()
        os.sched_setaffinity(0, set(cores))
    ours, others, threads = (median(column) for column in zip(*rounds, strict=True))
    detail = f"{ours:,.0f} requests/s; aiohttp + msgspec {others:,.0f}, urllib3 + pydantic in 64 threads {threads:,.0f}"
    return [
        Figure("64 reads at once", median(a / b for a, b, _ in rounds), 1.1, "times aiohttp + msgspec", detail),
        Figure("64 reads at once", median(a / c for a, _, c in rounds), 3.5, "times urllib3 + pydantic", detail),
    ]
