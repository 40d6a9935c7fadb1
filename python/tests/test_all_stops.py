"""Runs that end before their end: by a break, a stop, an error, Ctrl-C or a closed client; and one that goes on."""

import asyncio
from itertools import islice
from pathlib import Path

import pytest

from both import CLIENTS
from image_intelligence import ConfigError, Progress, StoreError
from jobs import Jobs
from scripted import Scripted
from sources import CLASSES, Source, eventually


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
