"""Any number of pictures: how far they are pulled, in which order they come, what goes wrong, and what is left by whom stops."""

import asyncio
import copy
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pytest

from conftest import Serve
from image_intelligence import (
    All,
    AuthenticationError,
    Client,
    ConfigError,
    Image,
    ImageIntelligenceError,
    InvalidRequestError,
    Progress,
    StoreError,
    Target,
)
from jobs import Jobs
from scripted import Answer, Request, Scripted

CLASSES = ["person"]
CLIENTS = ["Client", "AsyncClient"]


class Source:
    """Pictures, and how many of them were pulled."""

    def __init__(self, pictures: int, *, fails_at: int | None = None, error: BaseException | None = None) -> None:
        self.pictures = pictures
        self.fails_at = fails_at
        self.error = error or LookupError("the camera is gone")
        self.pulled = 0
        self.at_once = 0

    def _next(self) -> bytes:
        if self.pulled == self.fails_at:
            raise self.error
        self.pulled += 1
        return b"%d" % (self.pulled - 1)

    def __iter__(self) -> Iterator[bytes]:
        while self.pulled < self.pictures:
            yield self._next()

    async def slowly(self, pause: float = 0) -> AsyncIterator[bytes]:
        while self.pulled < self.pictures:
            self.at_once += 1
            await asyncio.sleep(pause)
            assert self.at_once == 1, "pulled twice at one time"
            self.at_once -= 1
            yield self._next()


@pytest.fixture
def jobs(scripted: Scripted) -> Jobs:
    made = Jobs()
    scripted.script = made
    return made


def every(server: Scripted, client: str, images: Any, **options: Any) -> list[Any]:
    """Every item, by either client."""
    if client == "Client":
        with server.client() as opened:
            return list(opened.detect_all(images, classes=CLASSES, **options))

    async def main() -> list[Any]:
        async with server.async_client() as opened:
            return [item async for item in opened.detect_all(images, classes=CLASSES, **options)]

    return asyncio.run(main())


def eventually(true: Callable[[], bool], seconds: float = 20) -> None:
    """Waits until it is so, and fails where it never is."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.005)


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
        pulled, made = source.pulled, len(jobs.made)
        for _ in range(5):
            client.detect_jobs.get("job-0")
        assert (source.pulled, len(jobs.made)) == (pulled, made)
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


def test_a_job_that_fails_is_said_of_its_pictures(scripted: Scripted, jobs: Jobs) -> None:
    def script(request: Request) -> Any:
        if request.method == "POST" and len(scripted.requests) == 1:
            return Answer(400, b'{"message": "no"}')
        return jobs(request)

    scripted.script = script
    items = every(scripted, "Client", Source(6), batch_size=3, concurrency=1)
    assert sorted((item.index, item.ok) for item in items) == [(i, i > 2) for i in range(6)]


@pytest.mark.parametrize("client", CLIENTS)
def test_wrong_credentials_end_it(client: str, scripted: Scripted) -> None:
    scripted.token = Answer(401)
    listed = every(scripted, client, [b"x"] * 300)
    assert len(listed) == 300 and all(isinstance(item.error, AuthenticationError) for item in listed)
    endless = Source(10_000)
    assert 1 <= len(every(scripted, client, endless)) <= 300
    assert endless.pulled < 400


@pytest.mark.parametrize("client", CLIENTS)
def test_what_the_source_raises_comes_after_what_it_gave(client: str, scripted: Scripted, jobs: Jobs) -> None:
    source = Source(100, fails_at=13)
    seen: list[int] = []

    async def main() -> None:
        async with scripted.async_client() as opened:
            run = opened.detect_all(source.slowly(), classes=CLASSES, batch_size=5)
            with pytest.raises(LookupError, match="the camera is gone"):
                async for item in run:
                    seen.append(item.index)
            with pytest.raises(StopAsyncIteration):
                await anext(run)

    if client == "Client":
        with scripted.client() as opened:
            run = opened.detect_all(source, classes=CLASSES, batch_size=5)
            with pytest.raises(LookupError, match="the camera is gone"):
                seen.extend(item.index for item in run)
            assert next(run, None) is None
            assert run.in_flight == []
    else:
        asyncio.run(main())
    assert sorted(seen) == list(range(13))
    assert sum(jobs.sizes) == 13


def test_ctrl_c_in_the_source_comes_at_once_and_loses_nothing(scripted: Scripted, jobs: Jobs) -> None:
    class Pictures:
        """An iterator that goes on after it raised, as a generator cannot."""

        calls = pulled = 0

        def __iter__(self) -> "Pictures":
            return self

        def __next__(self) -> bytes:
            self.calls += 1
            if self.calls == 8:
                raise KeyboardInterrupt
            if self.pulled == 20:
                raise StopIteration
            self.pulled += 1
            return b"%d" % (self.pulled - 1)

    seen: list[int] = []
    with scripted.client() as client:
        run = client.detect_all(Pictures(), classes=CLASSES, batch_size=5)
        with pytest.raises(KeyboardInterrupt):
            for item in run:
                seen.append(item.index)
        assert len(seen) < 8
        for item in run:
            seen.append(item.index)
    assert sorted(seen) == list(range(20))


def test_break_loses_nothing(scripted: Scripted) -> None:
    jobs = Jobs(hold=True)
    jobs.ended.add(0)
    scripted.script = jobs
    source = Source(1000)
    with scripted.client() as client:
        run = client.detect_all(source, classes=CLASSES, batch_size=5, concurrency=3)
        for item in run:
            assert item.job_id == "job-0"
            break
        # One result of five was taken: its job is in flight still, as all are that were submitted.
        tokens = run.in_flight
        assert len(tokens) >= 1
        run.close()
        assert next(run, None) is None
        assert set(tokens) <= set(run.in_flight)
        # One that was just being sent has a token once it was.
        eventually(lambda: len(run.in_flight) == len(jobs.made))
        sent = len(jobs.made)
        jobs.hold = False
        tracked = list(client.track(run.in_flight))
        assert len(jobs.made) == sent and len(tracked) == sent
        assert sum(len(done.result.image_results) for done in tracked if done.ok) == sum(jobs.sizes)  # type: ignore[union-attr]


def test_what_was_buffered_is_in_flight_until_more_is_asked_for(scripted: Scripted, jobs: Jobs) -> None:
    with scripted.client() as client:
        run = client.detect_all(Source(5), classes=CLASSES)
        for _ in range(5):
            next(run)
            assert len(run.in_flight) == 1
        assert next(run, None) is None and run.in_flight == []


def test_go_on_after_a_break(scripted: Scripted, jobs: Jobs) -> None:
    with scripted.client() as client:
        run = client.detect_all(Source(30), classes=CLASSES, batch_size=4)
        first = [item.index for item in islice(run, 7)]
        assert len(first) == 7 and sorted(first + [item.index for item in run]) == list(range(30))


def test_stop_gives_what_is_in_flight_and_says_what_was_not_sent(scripted: Scripted) -> None:
    jobs = Jobs(hold=True)
    jobs.ended.add(0)
    scripted.script = jobs
    source = Source(1000)
    with scripted.client() as client:
        run = client.detect_all(source, classes=CLASSES, batch_size=5, concurrency=3)
        items = [next(run)]
        run.stop()
        jobs.hold = False
        pulled = source.pulled
        items += run
        assert source.pulled == pulled
        assert sorted(item.index for item in items) == list(range(pulled))
        sent = sum(jobs.sizes)
        assert sum(item.ok for item in items) == sent
        assert all(item.error is not None and item.error.kind == "cancelled" for item in items if not item.ok)
        assert run.in_flight == []


def test_a_with_ends_the_run(scripted: Scripted) -> None:
    scripted.script = jobs = Jobs(hold=True)
    with scripted.client() as client:
        with client.detect_all(Source(1000), classes=CLASSES, batch_size=5, concurrency=2, timeout=0) as run:
            assert not next(run).ok
        assert list(run) == []
        assert len(run.in_flight) >= 1
        assert "All" in repr(run) and "in flight" in repr(run)
        sent = len(jobs.made)
        assert sent <= 3


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


def test_what_on_progress_raises_is_raised_and_costs_no_result(scripted: Scripted, jobs: Jobs) -> None:
    calls = 0

    def every_other_time(progress: Progress) -> None:
        nonlocal calls
        calls += 1
        if calls % 2:
            raise ValueError("no")

    seen = []
    raised = 0
    with scripted.client() as client:
        run = client.detect_all(Source(40), classes=CLASSES, batch_size=5, on_progress=every_other_time)
        while True:
            try:
                seen.append(next(run).index)
            except ValueError:
                raised += 1
            except StopIteration:
                break
    assert sorted(seen) == list(range(40)) and raised > 1


BAD: list[tuple[Any, dict[str, Any], type[Exception], str]] = [
    ([b"a"], {"batch_size": 0}, ConfigError, "batch size: 0 given, 1 to 64 wanted"),
    ([b"a"], {"batch_size": 65}, ConfigError, "batch size: 65 given, 1 to 64 wanted"),
    ([b"a"], {"batch_size": "8"}, ConfigError, "batch_size: a number from 1 wanted, str given"),
    ([b"a"], {"batch_size": -1}, ConfigError, "batch_size: a number from 1 wanted, -1 given"),
    ([b"a"], {"concurrency": 0}, ConfigError, "concurrency: 0 given, 1 to 1000 wanted"),
    ([b"a"], {"concurrency": True}, ConfigError, "concurrency: a number from 1 wanted"),
    ([b"a"], {"ordered": 1}, ConfigError, "ordered: True or False wanted, int given"),
    ([b"a"], {"timeout": -1}, InvalidRequestError, "timeout: -1 given"),
    ([b"a"], {"manifest": 7}, ConfigError, "manifest: a path wanted, int given"),
    ([b"a"], {"on_progress": 7}, InvalidRequestError, "on_progress: a function wanted, int given"),
    ([b"a"], {"classes": []}, InvalidRequestError, "classes: none given"),
    ([b"a"], {"feed_id": 7}, InvalidRequestError, "feed_id: text wanted, int given"),
    (7, {}, InvalidRequestError, "images: an iterable wanted, int given"),
    (Path("a.jpg"), {}, InvalidRequestError, "images: a list wanted, one PosixPath given; put it into [ ]"),
    ("https://e.com/a.jpg", {}, InvalidRequestError, "images: a list wanted, one str given; put it into [ ]"),
]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("images", "options", "error", "says"), BAD, ids=[row[3] for row in BAD])
def test_what_is_wrong_is_said_at_once(
    client: str, images: Any, options: dict[str, Any], error: type[Exception], says: str, scripted: Scripted
) -> None:
    async def main() -> None:
        async with scripted.async_client() as opened:
            opened.detect_all(images, **{"classes": CLASSES, **options})

    with pytest.raises(error) as raised:
        if client == "Client":
            with scripted.client() as opened:
                opened.detect_all(images, **{"classes": CLASSES, **options})
        else:
            asyncio.run(main())
    assert says in str(raised.value)
    assert not scripted.requests


def test_a_closed_client_ends_the_run(scripted: Scripted) -> None:
    scripted.script = Jobs(hold=True)
    client = scripted.client()
    run = client.detect_all(
        Source(1000),
        classes=CLASSES,
        batch_size=5,
        concurrency=2,
        on_progress=lambda p: p.in_flight == 10 and client.close(),
    )
    items = list(run)
    assert items and all(item.error is not None and item.error.kind == "closed" for item in items)
    assert len(run.in_flight) <= 2


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


class TestAsync:
    def test_the_source_and_the_results_race(self, scripted: Scripted, jobs: Jobs) -> None:
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

    def test_one_pull_at_a_time(self, scripted: Scripted, jobs: Jobs) -> None:
        source = Source(200)

        async def main() -> None:
            async with scripted.async_client() as client:
                run = client.detect_all(source.slowly(0.0001), classes=CLASSES, batch_size=3)
                assert len([item async for item in run]) == 200

        asyncio.run(main())

    def test_what_is_not_wanted_is_not_pulled_of_an_async_source(self, scripted: Scripted, jobs: Jobs) -> None:
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

    def test_a_cancelled_task_loses_no_result(self, scripted: Scripted, jobs: Jobs) -> None:
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

    def test_tasks_may_share_a_run(self, scripted: Scripted, jobs: Jobs) -> None:
        async def main() -> None:
            async with scripted.async_client() as client:
                run = client.detect_all(Source(100), classes=CLASSES, batch_size=5)

                async def some() -> list[int]:
                    return [item.index async for item in run]

                seen = await asyncio.gather(some(), some(), some())
                assert sorted(chain.from_iterable(seen)) == list(range(100))

        asyncio.run(main())

    def test_closing_wakes_whoever_waits_and_cancels_the_pull(self, scripted: Scripted) -> None:
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

    def test_stop_while_the_source_hangs(self, scripted: Scripted) -> None:
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


def test_a_run_goes_on_from_its_manifest(scripted: Scripted, jobs: Jobs, tmp_path: Path) -> None:
    pictures = [b"%d" % number for number in range(50)]
    manifest = tmp_path / "run.jsonl"
    with scripted.client() as client:
        run = client.detect_all(pictures, classes=CLASSES, batch_size=10, manifest=manifest, ordered=True)
        first = [next(run) for _ in range(17)]
        with pytest.raises(StoreError, match="manifest"):
            client.detect_all(pictures, classes=CLASSES, manifest=manifest)
        run.close()
    with scripted.client() as client:
        again = client.detect_all(iter(pictures), classes=CLASSES, batch_size=10, manifest=str(manifest), ordered=True)
        items = list(again)
        with pytest.raises(ConfigError, match="manifest"):
            client.detect_all(pictures, classes=["cat"], manifest=manifest)
    assert [item.index for item in items] == list(range(50)) and all(item.ok for item in items)
    assert all(item.source is picture for item, picture in zip(items, pictures, strict=True))
    assert [item.job_id for item in items[:17]] == [item.job_id for item in first]
    assert sorted(jobs.pictures) == sorted(pictures), "sent twice, or never"


def test_a_run_cannot_be_pickled(scripted: Scripted) -> None:
    with scripted.client() as client, pytest.raises(TypeError, match="All cannot be pickled"):
        copy.copy(client.detect_all([b"a"], classes=CLASSES))


def test_requests_per_second(scripted: Scripted) -> None:
    with scripted.client(requests_per_second=20) as client:
        assert isinstance(client.detect_all([], classes=CLASSES), All)
    for bad, says in (
        (0, "0 given, a number above 0 wanted"),
        ("2", "a number above 0 wanted, str given"),
        (float("nan"), "nan given"),
    ):
        with pytest.raises(ConfigError, match=f"requests_per_second: .*{says}"):
            scripted.client(requests_per_second=bad)


def test_an_empty_source_sends_nothing(scripted: Scripted, jobs: Jobs) -> None:
    assert every(scripted, "Client", []) == [] == every(scripted, "AsyncClient", iter(()))
    assert not jobs.made


def test_the_options_of_the_kind_are_sent(scripted: Scripted, jobs: Jobs) -> None:
    with scripted.client() as client:
        list(
            client.detect_all(
                [b"a"], classes=CLASSES, feed_id="hall", webhook_url="https://e.com/h", bounding_boxes=True
            )
        )
    [made] = jobs.made
    assert (made["feedId"], made["webhookUrl"], made["boundingBox"]) == ("hall", "https://e.com/h", True)
    assert [one["class"] for one in made["classes"]] == ["person"]


def test_a_type_error_for_what_there_is_not(client_of_nobody: Client) -> None:
    with pytest.raises(TypeError, match="custom_id"):
        client_of_nobody.detect_all([b"a"], classes=CLASSES, custom_id="one name for many jobs")  # type: ignore[call-arg]


@pytest.fixture
def client_of_nobody(scripted: Scripted) -> Iterator[Client]:
    with scripted.client() as client:
        yield client
