"""The client against a real server and a scripted one: calls, handles, arguments, the end."""

import copy
import json
import pickle
import threading
import time
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from conftest import Serve
from image_intelligence import (
    APIConnectionError,
    AuthenticationError,
    Client,
    ClosedError,
    ConfigError,
    DetectClass,
    DetectImageResult,
    ExclusionZones,
    Image,
    ImageIntelligenceError,
    Input,
    InvalidRequestError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitError,
    RequestTimeoutError,
    ResumeTokenError,
    WaitTimeoutError,
)
from scripted import SECRET, TOKEN, Answer, Hang, Reset, Scripted, job, token_at


def test_the_real_detector_finds_what_is_in_the_photos(serve: Serve, root: Path) -> None:
    photos = root / "examples" / "photos"
    with serve.client() as client:
        handle = client.detect(
            [
                photos / "astronaut.jpg",
                Image(path=photos / "chelsea.jpg", custom_id="cat"),
                (photos / "rocket.jpg").read_bytes(),
                bytearray(b"no picture"),
            ],
            classes=["person", DetectClass("cat", verify="NEVER", exclusion_zones=ExclusionZones([[0, 0], [0, 0]]))],
            custom_id="a job",
            feed_id="Camera_7",
            bounding_boxes=True,
        )
        assert handle.custom_id == "a job"
        assert handle.id and handle.resume_token.startswith("ii1_") and handle.created_at > 1_700_000_000_000
        result = handle.wait(timeout=timedelta(seconds=60))
        assert handle.get() == result
        [person] = result.found("person")
        assert person.image.custom_id_or_url == str(photos / "astronaut.jpg")
        assert person.image.input is not None and person.image.input.index == 0
        assert person.confidence == pytest.approx(0.73, abs=0.02)
        assert person.bounding_box is not None and person.bounding_box.x_max > 300
        [cat] = result.found("cat")
        assert cat.image.custom_id == cat.image.custom_id_or_url == "cat"
        assert result.classes == ["cat", "person"]
        [bad] = result.errors()
        assert (bad.status, bad.custom_id_or_url) == ("INVALID_IMAGE_FORMAT_ERROR", "images[3]")
        assert result.is_done and result.status == "COMPLETED_PARTIAL_ERROR"
        assert (result.custom_id, result.feed_id) == ("a job", "Camera_7")
        assert json.loads(result.raw)["id"] == handle.id

        again = client.detect_jobs.get(handle.id)
        assert again.status == result.status and not again.found("dog")
        resumed = client.resume(handle.resume_token)
        assert resumed.custom_id is None and resumed.created_at == handle.created_at
        assert resumed.wait().found("person")[0].image.custom_id is None  # our stamp stays hidden


def test_a_job_that_never_ends(never: Serve) -> None:
    with never.client() as client:
        handle = client.detect([b"no picture"], classes=["person"])
        with pytest.raises(WaitTimeoutError) as raised:
            handle.wait(timeout=0.2)
        error = raised.value
        assert isinstance(error, TimeoutError)
        assert error.retryable and error.last_status == "IN_PROGRESS"
        assert error.resume_token == handle.resume_token
        assert f'client.resume("{handle.resume_token}").wait()' in str(error)
        assert not handle.get().is_done


def test_an_id_that_nobody_knows(serve: Serve) -> None:
    with serve.client() as client, pytest.raises(NotFoundError) as raised:
        client.detect_jobs.get("../oauth/token")
    assert (raised.value.status, raised.value.kind, raised.value.retryable) == (404, "not_found", False)


def test_wrong_credentials(serve: Serve) -> None:
    with (
        Client(base_url=serve.base_url, client_id="local", client_secret="not the secret") as client,
        pytest.raises(AuthenticationError, match="II_CLIENT_ID and II_CLIENT_SECRET") as raised,
    ):
        client.detect_jobs.get("1")
    assert raised.value.status == 401


def test_an_error_arrives_with_all_that_the_answer_said(scripted: Scripted) -> None:
    headers = {"x-request-id": "req-7", "retry-after": "120"}
    scripted.script = lambda request: Answer(429, b'{"message": "slow down"}', headers)
    with scripted.client() as client, pytest.raises(RateLimitError) as raised:
        client.detect_jobs.get("1")
    error = raised.value
    assert (error.kind, error.status, error.request_id, error.retry_after) == ("rate_limited", 429, "req-7", 120.0)
    assert error.body == b'{"message": "slow down"}' and error.retryable and "slow down" in error.message


def test_a_server_that_is_not_there() -> None:
    with (
        Client(base_url="http://127.0.0.1:9/v2", client_id="a", client_secret="b") as client,
        pytest.raises(APIConnectionError) as raised,
    ):
        client.detect([b"a picture"], classes=["person"])
    assert isinstance(raised.value, ConnectionError)
    assert raised.value.retryable and raised.value.__cause__ is not None


def test_a_file_that_is_not_there(scripted: Scripted) -> None:
    with scripted.client() as client, pytest.raises(InvalidRequestError, match=r"images\[0\].*missing\.jpg") as raised:
        client.detect([Path("missing.jpg")], classes=["person"])
    assert isinstance(raised.value.__cause__, FileNotFoundError)


def test_a_request_that_takes_too_long() -> None:
    with Scripted(lambda request: Hang()) as server, server.client(request_timeout=0.2) as client:
        handle = client.resume(token_at(server))
        with pytest.raises(WaitTimeoutError) as raised:
            handle.wait(timeout=0)
        assert isinstance(raised.value.__cause__, RequestTimeoutError)
        assert isinstance(raised.value.__cause__, TimeoutError)


def test_a_submit_is_not_sent_twice(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    submits = []

    def script(request: Any) -> Answer | Reset:
        if request.method == "POST":
            submits.append(json.loads(request.body))
            return Reset()
        return Answer(200, json.dumps([{**json.loads(job()), "customId": submits[0]["customId"]}]).encode())

    scripted.script = script
    with scripted.client() as client:
        handle = client.detect([b"a picture"], classes=["person"])
    assert handle.id == "5d689c71" and len(submits) == 1  # found again by the name that we gave it
    assert issubclass(OutcomeUnknownError, ImageIntelligenceError)


def test_half_a_character_in_a_token(scripted: Scripted) -> None:
    with scripted.client() as client, pytest.raises(ResumeTokenError, match="token: character 4 is half"):
        client.resume("ii1_\ud800")


def test_the_name_of_a_picture_is_never_empty_where_there_is_one() -> None:
    picture = DetectImageResult(id="7", url="", custom_id="", objects=[], status="", input=Input(index=0, source=""))
    assert picture.custom_id_or_url == "7"
    picture.input = Input(index=0, source="a.jpg")
    assert picture.custom_id_or_url == "a.jpg"
    picture.url = "https://e.com/a.jpg"
    assert picture.custom_id_or_url == "https://e.com/a.jpg"


def test_clients_and_handles_are_not_pickled(scripted: Scripted) -> None:
    with scripted.client() as client:
        handle = client.detect([b"a picture"], classes=["person"])
        held: list[object] = [client, handle, client.detect_jobs, scripted.async_client()]
        for one in held:
            for way in (pickle.dumps, copy.copy, copy.deepcopy):
                with pytest.raises(TypeError, match=r"pass job\.resume_token and make a new client there"):
                    way(one)


def test_close_ends_a_wait_of_another_thread(never: Serve) -> None:
    client = never.client()
    handle = client.detect([b"no picture"], classes=["person"])
    ended: list[Exception] = []

    def wait() -> None:
        try:
            handle.wait(timeout=60)
        except Exception as error:
            ended.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.3)
    client.close()
    thread.join(1)
    assert not thread.is_alive()
    assert [type(error) for error in ended] == [ClosedError]


def test_missing_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("II_CLIENT_ID", "II_CLIENT_SECRET", "II_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match="II_CLIENT_ID and II_CLIENT_SECRET") as raised:
        Client()
    assert "Client(client_id=.., client_secret=..)" in raised.value.message
    monkeypatch.setenv("II_CLIENT_SECRET", "from the environment")
    with pytest.raises(ConfigError, match="II_CLIENT_ID is not set"):
        Client()
    Client(client_id="a").close()


def test_what_is_passed_wins_over_the_environment(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("II_BASE_URL", "http://127.0.0.1:9/v2")
    monkeypatch.setenv("II_CLIENT_ID", "somebody")
    monkeypatch.setenv("II_CLIENT_SECRET", "else")
    with scripted.client() as client:
        assert client.detect_jobs.get("1").id == "1"
    assert scripted.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert "image-intelligence-python/" in scripted.requests[0].headers["user-agent"]


def test_used_after_it_was_closed(scripted: Scripted) -> None:
    client = scripted.client()
    handle = client.detect([b"a picture"], classes=["person"])
    client.close()
    client.close()
    scripted.until(lambda server: server.open == 0)  # closing closes the connections
    calls: list[Callable[[], object]] = [
        lambda: client.detect([b"a picture"], classes=["person"]),
        lambda: client.detect_jobs.get("1"),
        lambda: client.resume(handle.resume_token),
        handle.get,
        handle.wait,
    ]
    for call in calls:
        with pytest.raises(ClosedError) as raised:
            call()
        assert raised.value.kind == "closed"
    assert handle.id == "5d689c71"
    assert repr(client) == f"<Client of {scripted.base_url}>"


def test_nothing_secret_is_shown(scripted: Scripted) -> None:
    """Not even what a server repeats."""
    scripted.script = lambda request: Answer(403, json.dumps({"message": f"bad {TOKEN}"}).encode())
    with scripted.client() as client:
        shown = [repr(client), str(client), repr(client.detect_jobs)]
        with pytest.raises(ImageIntelligenceError) as raised:
            client.detect_jobs.get("1")
        shown += ["".join(traceback.format_exception(raised.value)), repr(vars(raised.value))]
    scripted.token = Answer(400, json.dumps({"message": f"no {SECRET}"}).encode())
    with scripted.client() as client:
        with pytest.raises(AuthenticationError) as raised_too:
            client.detect_jobs.get("1")
        shown += ["".join(traceback.format_exception(raised_too.value)), repr(vars(raised_too.value))]
    for text in shown:
        assert SECRET not in text and TOKEN not in text
