"""Any number of pictures: how far they are pulled, in which order they come, and what goes wrong with one."""

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from both import CLIENTS
from conftest import Serve
from image_intelligence import (
    AuthenticationError,
    Image,
    ImageIntelligenceError,
    InvalidRequestError,
    Progress,
    Target,
)
from jobs import Jobs
from scripted import Answer, Request, Scripted
from sources import CLASSES, Source, eventually, every


@pytest.mark.parametrize("client", CLIENTS)
def test_a_thousand_pictures_each_with_its_own_result(client: str, scripted: Scripted, jobs: Jobs) -> None:
    source = Source(1000)
    items = every(scripted, client, source)
    assert sorted(item.index for item in items) == list(range(1000))
    assert all(item.ok and item.result.classes == sorted([str(item.index), "person"]) for item in items)
    assert all(item.source == b"%d" % item.index and item.result.input.index == item.index for item in items)
    assert {item.job_id for item in items} == {f"job-{number}" for number in range(len(jobs.made))}
    assert sum(jobs.sizes) == 1000 and max(jobs.sizes) == 64


@pytest.mark.parametrize("client", CLIENTS)
def test_the_source_is_the_very_object(client: str, scripted: Scripted, jobs: Jobs, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"a file")
    pictures = [
        tmp_path / "a.jpg",
        Image(data=b"named", custom_id="mine"),
        bytearray(b"an array"),
        "https://e.com/a.jpg",
    ]
    items = every(scripted, client, iter(pictures), ordered=True)
    assert all(item.source is picture for item, picture in zip(items, pictures, strict=True))
    assert [item.custom_id for item in items] == [None, "mine", None, None]
    assert items[0].result.classes == ["a file", "person"]
    assert items[2].result.classes == ["an array", "person"]
    assert "<8 bytes>" in repr(items[2]) and "an array'" not in repr(items[2]).split("result")[0]


@pytest.mark.parametrize("client", CLIENTS)
def test_what_is_not_wanted_is_not_pulled(client: str, scripted: Scripted, jobs: Jobs) -> None:
    """Of 10,000 no more than two jobs hold and a third is put together of, for one who takes ten results."""
    source = Source(10_000)

    async def main() -> None:
        async with scripted.async_client() as opened:
            run = opened.detect_all(source, classes=CLASSES, batch_size=5, concurrency=2)
            assert source.pulled == 0 and not scripted.requests
            for _ in range(10):
                await anext(run)

    if client == "Client":
        with scripted.client() as opened:
            run = opened.detect_all(source, classes=CLASSES, batch_size=5, concurrency=2)
            assert source.pulled == 0 and not scripted.requests
            for _ in range(10):
                next(run)
    else:
        asyncio.run(main())
    assert 10 <= source.pulled <= 10 + 15
    assert sum(jobs.sizes) <= source.pulled


def test_while_results_are_not_taken_nothing_more_is_sent(scripted: Scripted, jobs: Jobs) -> None:
    source = Source(10_000)
    with scripted.client() as client:
        run = client.detect_all(source, classes=CLASSES, batch_size=4, concurrency=2)
        next(run)
        # What is full is on its way; of two jobs only one need be done by now.
        pulled, full = source.pulled, source.pulled // 4
        eventually(lambda: len(jobs.made) >= full)
        for _ in range(5):
            client.detect_jobs.get("job-0")
        assert (source.pulled, len(jobs.made)) == (pulled, full)
        assert len(run.in_flight) <= 2


@pytest.mark.parametrize("client", CLIENTS)
def test_in_the_callers_order(client: str, scripted: Scripted) -> None:
    """The first job ends last, and is given first all the same."""
    jobs = Jobs(hold=True)
    looks = 0

    def script(request: Request) -> Any:
        nonlocal looks
        if len(jobs.made) == 4:
            looks += 1
            jobs.ended.update({1, 2, 3} if looks == 1 else {0})
        return jobs(request)

    scripted.script = script
    items = every(scripted, client, Source(20), batch_size=5, ordered=True)
    assert [item.index for item in items] == list(range(20))


def test_as_they_come(scripted: Scripted) -> None:
    jobs = Jobs(hold=True)
    jobs.ended.add(1)
    scripted.script = jobs
    with scripted.client() as client:
        run = client.detect_all(Source(10), classes=CLASSES, batch_size=5)
        first = [next(run).source for _ in range(5)]
        assert sorted(first) == sorted(jobs.pictures[5:])
        jobs.ended.add(0)
        assert sorted(item.source for item in run) == sorted(jobs.pictures[:5])  # type: ignore[type-var]


@pytest.mark.parametrize("client", CLIENTS)
def test_one_bad_picture_never_sinks_the_rest(client: str, scripted: Scripted, jobs: Jobs) -> None:
    pictures = [
        b"good",
        None,
        "astronaut.jpg",
        Path("/nowhere/a.jpg"),
        b"cobwebs",
        Image(url="https://e.com/\ud800"),
        b"",
    ]
    items = every(scripted, client, (picture for picture in pictures), ordered=True)
    assert [item.ok for item in items] == [True, False, False, False, False, False, False]
    assert [item.source for item in items] == pictures
    assert all(isinstance(item.error, ImageIntelligenceError) for item in items[1:])
    said = [str(item.error) for item in items[1:]]
    assert said[0].startswith("images[1]: a URL as str, a file as pathlib.Path")
    assert said[1] == 'images[2].url: "astronaut.jpg" is not a URL; for a file pass pathlib.Path("astronaut.jpg")'
    assert "/nowhere/a.jpg cannot be read" in said[2] and isinstance(items[3].error, InvalidRequestError)
    assert "SPIDERWEBS_ERROR" in said[3] and items[4].result.status == "SPIDERWEBS_ERROR"
    assert "lone surrogate" in said[4]
    assert items[1].result is None and items[1].job_id is None and items[4].job_id == "job-0"


def test_one_bad_picture_sinks_no_other(scripted: Scripted, jobs: Jobs) -> None:
    def script(request: Request) -> Any:
        # The first picture, "0", in base64.
        if request.method == "POST" and b'"MA=="' in request.body:
            return Answer(400, b'{"message": "no"}')
        return jobs(request)

    scripted.script = script
    items = every(scripted, "Client", Source(6), batch_size=3, concurrency=1)
    assert sorted((item.index, item.ok) for item in items) == [(i, i > 0) for i in range(6)]


@pytest.mark.parametrize("client", CLIENTS)
def test_wrong_credentials_end_it(client: str, scripted: Scripted) -> None:
    scripted.token = Answer(401)
    listed = every(scripted, client, [b"x"] * 300)
    assert len(listed) == 300 and all(isinstance(item.error, AuthenticationError) for item in listed)
    endless = Source(10_000)
    assert 1 <= len(every(scripted, client, endless)) <= 300
    assert endless.pulled < 400


def test_progress(scripted: Scripted, jobs: Jobs) -> None:
    told: list[Progress] = []
    with scripted.client() as client:
        run = client.detect_all(
            [b"%d" % i for i in range(25)] + [b"cobwebs"], classes=CLASSES, batch_size=5, on_progress=told.append
        )
        items = list(run)
        assert len(items) == 26
        assert (run.progress.done, run.progress.failed, run.progress.jobs) == (25, 1, 6)
    assert all(progress.total == 26 for progress in told)
    done = [progress.done + progress.failed for progress in told]
    assert done == sorted(done) and done[0] == 0 and done[-1] == 26
    assert any(progress.in_flight for progress in told)
    assert str(told[-1]).startswith("25 of 26 done, 1 failed, 0 in flight, 6 jobs, ")
    counts = [(p.done, p.failed, p.in_flight, p.jobs) for p in told]
    assert len(counts) == len(set(counts)), "told again of the same"


def test_progress_is_told_while_nothing_else_happens(scripted: Scripted) -> None:
    """That a job was taken is told at once, and not with its result."""
    scripted.script = jobs = Jobs(hold=True)

    def told(progress: Progress) -> None:
        if progress.in_flight == 5:
            jobs.hold = False

    with scripted.client() as client:
        assert len(list(client.detect_all(Source(5), classes=CLASSES, on_progress=told))) == 5


def test_threads_may_share_a_run(scripted: Scripted, jobs: Jobs) -> None:
    seen: list[int] = []
    with scripted.client() as client:
        run = client.detect_all(Source(300), classes=CLASSES, batch_size=7)
        threads = [threading.Thread(target=lambda: seen.extend([item.index for item in run])) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert sorted(seen) == list(range(300))


def test_a_slow_iterator_holds_no_results_up(scripted: Scripted, jobs: Jobs) -> None:
    """It gives its next picture only once the result of the first was taken."""
    taken: list[int] = []

    def pictures() -> Iterator[bytes]:
        yield b"0"
        until = time.monotonic() + 20
        yield b"1"
        # A batch is sent at the latest a second after its first picture came.
        while not taken and time.monotonic() < until:
            time.sleep(0.05)
            yield b"more"
        assert taken

    with scripted.client() as client:
        for item in client.detect_all(pictures(), classes=CLASSES):
            taken.append(item.index)
    assert sorted(taken) == list(range(len(taken)))


@pytest.mark.parametrize("client", CLIENTS)
def test_the_other_kinds(client: str, serve: Serve, root: Path) -> None:
    photos = [root / "examples" / "photos" / name for name in ("chelsea.jpg", "coffee.jpg")]
    rex = Target("dog", ["https://example.com/rex.jpg"], custom_id="rex")
    calls: list[tuple[Any, str]] = [
        (lambda c: c.match_all(photos, rex, batch_size=1, ordered=True), "ImageResult"),
        (lambda c: c.ask_all(photos, "Is the door open?", batch_size=1, ordered=True), "ImageResult"),
        (lambda c: c.recognize_all(photos, namespace="lobby", ordered=True), "RecognizedImage"),
    ]

    async def main(call: Any) -> list[Any]:
        async with serve.async_client() as opened:
            return [item async for item in call(opened)]

    for call, model in calls:
        if client == "Client":
            with serve.client() as opened:
                items = list(call(opened))
        else:
            items = asyncio.run(main(call))
        assert [(item.index, item.ok, item.source) for item in items] == [(0, True, photos[0]), (1, True, photos[1])]
        assert {type(item.result).__name__ for item in items} == {model}
        assert all(item.chosen for item in items) or model == "RecognizedImage"
