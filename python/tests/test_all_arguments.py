"""What a run may be told, and what is said of the rest before anything is pulled or sent."""

import asyncio
import copy
from pathlib import Path
from typing import Any

import pytest

from both import CLIENTS
from image_intelligence import All, ConfigError, InvalidRequestError
from jobs import Jobs
from scripted import Scripted
from sources import CLASSES, every

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


def test_a_run_cannot_be_pickled(scripted: Scripted) -> None:
    with scripted.client() as client, pytest.raises(TypeError, match="All cannot be pickled"):
        copy.copy(client.detect_all([b"a"], classes=CLASSES))


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


def test_a_type_error_for_what_there_is_not(scripted: Scripted) -> None:
    with scripted.client() as client, pytest.raises(TypeError, match="custom_id"):
        client.detect_all([b"a"], classes=CLASSES, custom_id="one name for many jobs")  # type: ignore[call-arg]
