"""Every row of a search: page by page, lazily, cancelled, and in a forked child."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from both import CLIENTS, run
from image_intelligence import ClosedError, Target
from image_intelligence._async_client import answered
from scripted import Answer, Hang, Request, Scripted

PICTURE = "https://e.com/a.jpg"
NOON_MS = 1487638800000


def pages(server: Scripted, rows: int) -> None:
    """A server that keeps so many identities, one a minute, the newest first, and reads what is asked for."""
    kept = [{"id": f"i-{index}", "images": [], "createdAt": NOON_MS - index * 60_000} for index in range(rows)]

    def script(request: Request) -> Answer:
        search = json.loads(request.body)
        start = search["offset"]
        found = [row for row in kept if row["createdAt"] <= search.get("end", NOON_MS)]  # type: ignore[operator]
        return Answer(200, json.dumps(found[start : start + search["limit"]]).encode())

    server.script = script


@pytest.mark.parametrize("client", CLIENTS)
def test_every_row_past_200(client: str, scripted: Scripted) -> None:
    pages(scripted, 450)
    rows = run(scripted, client, lambda c: c.recognition("staff").identities.all())
    assert [row.id for row in rows] == [f"i-{index}" for index in range(450)]
    assert rows[449].raw and json.loads(rows[449].raw)["id"] == "i-449"


def test_a_page_is_fetched_when_it_is_asked_for(scripted: Scripted) -> None:
    pages(scripted, 250)
    with scripted.client() as client:
        rows = client.recognition("staff").identities.all()
        assert not scripted.requests
        assert next(rows).id == "i-0"
        assert len(scripted.requests) == 1
        assert [next(rows).id for _ in range(99)][-1] == "i-99"
        assert len(scripted.requests) == 1
        assert next(rows).id == "i-100"
        assert len(scripted.requests) == 2
        client.close()
        with pytest.raises(ClosedError):
            list(rows)
        with pytest.raises(ClosedError):
            client.recognition("staff").groups.all()


def test_cancelling_closes_the_connection_and_the_page_can_be_asked_for_again(scripted: Scripted) -> None:
    pages(scripted, 150)
    answers = scripted.script
    scripted.script = lambda request: Hang()

    async def main() -> None:
        async with scripted.async_client() as client:
            staff = client.recognition("staff")
            calls: list[Callable[[], Any]] = [
                lambda: staff.identities.create(),
                lambda: client.match([PICTURE], Target("dog", ["https://e.com/rex.jpg"])),
                lambda: client.image(f"{scripted.base_url}/a.jpg"),
            ]
            for call in calls:
                before = scripted.hung_up
                task = asyncio.create_task(call())
                await asyncio.to_thread(scripted.until, lambda server: server.hanging == 1)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                await asyncio.to_thread(scripted.until, lambda server, was=before: server.hung_up == was + 1)
            native = staff.identities._native.rows("identities", b'{"namespace": "staff"}')
            page = asyncio.create_task(answered(native.start_next))
            await asyncio.to_thread(scripted.until, lambda server: server.hanging == 1)
            page.cancel()
            with pytest.raises(asyncio.CancelledError):
                await page
            scripted.script = answers
            assert len(await answered(native.start_next)) == 100
            assert len(await answered(native.start_next)) == 50
            assert await answered(native.start_next) is None

    asyncio.run(main())
