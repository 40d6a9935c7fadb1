"""Many jobs at once, each given when it ends: of handles and of tokens, by either client."""

import asyncio
import json
from typing import Any

import pytest

from both import CLIENTS
from image_intelligence import (
    AsyncDetectHandle,
    ConfigError,
    DetectHandle,
    DetectJob,
    InvalidRequestError,
    PermissionDeniedError,
    ResumeTokenError,
    WaitTimeoutError,
)
from jobs import Jobs
from scripted import Answer, Scripted

CLASSES = ["person"]


def submitted(server: Scripted, client: str, number: int, call: Any) -> Any:
    """So many jobs are submitted, and what the call makes of their handles is collected."""

    async def main() -> Any:
        async with server.async_client() as opened:
            handles = [await opened.detect([b"%d" % index], classes=CLASSES) for index in range(number)]
            return handles, [done async for done in call(opened, handles)]

    if client == "AsyncClient":
        return asyncio.run(main())
    with server.client() as opened:
        handles = [opened.detect([b"%d" % index], classes=CLASSES) for index in range(number)]
        return handles, list(call(opened, handles))


@pytest.mark.parametrize("client", CLIENTS)
def test_each_comes_when_it_ends(client: str, scripted: Scripted) -> None:
    scripted.script = jobs = Jobs(hold=True)
    jobs.ended.add(2)

    def call(opened: Any, handles: Any) -> Any:
        ended = opened.as_completed(handles)
        assert ended.left == 4 and "4 left" in repr(ended)
        if client == "AsyncClient":
            return rest(ended)
        return first_and_rest(ended)

    def first_and_rest(ended: Any) -> Any:
        yield next(ended)
        assert ended.left == 3
        jobs.hold = False
        yield from ended

    async def rest(ended: Any) -> Any:
        yield await anext(ended)
        assert ended.left == 3
        jobs.hold = False
        async for done in ended:
            yield done

    handles, ended = submitted(scripted, client, 4, call)
    assert all(done.ok and done.error is None and type(done.result) is DetectJob for done in ended)
    assert ended[0].job is handles[2] and ended[0].result.classes == ["2", "person"]
    assert {done.job.id for done in ended} == {handle.id for handle in handles}
    assert json.loads(ended[0].result.raw)["id"] == "job-2"
    assert {type(done.job) for done in ended} <= {DetectHandle, AsyncDetectHandle}


@pytest.mark.parametrize("client", CLIENTS)
def test_tracked_by_their_tokens(client: str, scripted: Scripted) -> None:
    scripted.script = Jobs()

    def call(opened: Any, handles: Any) -> Any:
        return opened.track(handle.resume_token for handle in handles)

    handles, ended = submitted(scripted, client, 30, call)
    assert sorted(done.job.id for done in ended) == sorted(handle.id for handle in handles)
    assert {done.job.resume_token for done in ended} == {handle.resume_token for handle in handles}
    assert all(type(done.job) is type(handles[0]) for done in ended)
    # Hundreds share their requests: far fewer than one each.
    looks = [request for request in scripted.requests if request.method == "GET"]
    assert len(looks) <= 20


@pytest.mark.parametrize("client", CLIENTS)
def test_a_late_job_is_a_value(client: str, scripted: Scripted) -> None:
    scripted.script = jobs = Jobs(hold=True)
    jobs.ended.add(0)
    _, ended = submitted(scripted, client, 2, lambda opened, handles: opened.as_completed(handles, timeout=0.5))
    by_job = {done.job.id: done for done in ended}
    assert {name: done.ok for name, done in by_job.items()} == {"job-0": True, "job-1": False}
    late = by_job["job-1"]
    assert isinstance(late.error, WaitTimeoutError) and late.result is None
    assert late.error.resume_token == late.job.resume_token


def test_a_job_that_nobody_may_see_is_a_value(scripted: Scripted) -> None:
    jobs = Jobs()
    scripted.script = lambda request: Answer(403) if request.method == "GET" else jobs(request)
    _, [ended] = submitted(scripted, "Client", 1, lambda opened, handles: opened.as_completed(handles))
    assert not ended.ok and isinstance(ended.error, PermissionDeniedError)


def test_a_closed_client_ends_each(scripted: Scripted) -> None:
    scripted.script = Jobs(hold=True)
    with scripted.client() as client:
        ended = client.as_completed([client.detect([b"a"], classes=CLASSES) for _ in range(3)])
        client.close()
        assert [done.error.kind for done in ended if done.error is not None] == ["closed"] * 3


def test_a_cancelled_task_loses_none(scripted: Scripted) -> None:
    scripted.script = Jobs()

    async def main() -> None:
        async with scripted.async_client() as client:
            handles = [await client.detect([b"a"], classes=CLASSES) for _ in range(30)]
            ended = client.as_completed(handles)
            seen = []
            for nth in range(100_000):
                try:
                    seen.append((await asyncio.wait_for(anext(ended), 0.0005 * (nth % 5))).job.id)
                except TimeoutError:
                    continue
                except StopAsyncIteration:
                    break
            assert sorted(seen) == sorted(handle.id for handle in handles)

    asyncio.run(main())


def test_none_is_no_wait(scripted: Scripted) -> None:
    with scripted.client() as client:
        assert list(client.as_completed([])) == [] == list(client.track(iter([])))
    assert not scripted.requests


def test_what_is_wrong_is_said_at_once(scripted: Scripted) -> None:
    client: Any
    with scripted.client() as client:
        handle = client.detect([b"a"], classes=CLASSES)
        sent = len(scripted.requests)
        bad: list[tuple[Any, type[Exception], str]] = [
            (lambda: client.as_completed(7), InvalidRequestError, "jobs: a list of handles wanted, int given"),
            (
                lambda: client.as_completed(["ii1_x"]),
                InvalidRequestError,
                "jobs[0]: a handle wanted, str given; client.track takes",
            ),
            (
                lambda: client.as_completed([handle, None]),
                InvalidRequestError,
                "jobs[1]: a handle wanted, None given",
            ),
            (lambda: client.as_completed([handle], timeout=-1), InvalidRequestError, "timeout: -1 given"),
            (
                lambda: client.track("ii1_x"),
                InvalidRequestError,
                "tokens: a list wanted, one str given; put it into [ ]",
            ),
            (lambda: client.track(7), InvalidRequestError, "tokens: a list of them wanted, int given"),
            (lambda: client.track([handle.resume_token, "ii1_nonsense"]), ResumeTokenError, "tokens[1]: "),
            (
                lambda: client.track([handle.resume_token, 7]),
                InvalidRequestError,
                "tokens[1]: token: text wanted, int given",
            ),
            (lambda: client.recover(), ConfigError, "journal: none is kept"),
        ]
        for call, error, says in bad:
            with pytest.raises(error) as raised:
                call()
            assert says in str(raised.value)
        assert len(scripted.requests) == sent
