"""The client against a real server and a scripted one: calls, handles, arguments, the end."""

import copy
import itertools
import json
import math
import pickle
import threading
import time
import traceback
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
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
    DetectJob,
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
from scripted import SECRET, TOKEN, Answer, Hang, Reset, Scripted, job


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


def token_at(server: Scripted) -> str:
    """The token of a job there."""
    script, server.script = server.script, lambda request: Answer(200, job())
    with server.client() as client:
        token = client.detect([b"a picture"], classes=["person"]).resume_token
    server.script = script
    return token


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


BAD: list[tuple[str, Callable[[Client], object], str]] = [
    ("a name of a file", lambda c: c.detect(["astronaut.jpg"], classes=["x"]),
     'images[0].url: "astronaut.jpg" is not a URL; for a file pass pathlib.Path("astronaut.jpg")'),
    ("one str", lambda c: c.detect("https://e.com/a.jpg", classes=["x"]), "images: a list wanted, one str given; put it into [ ]"),
    ("one path", lambda c: c.detect(Path("a.jpg"), classes=["x"]), "images: a list wanted, one PosixPath given; put it into [ ]"),
    ("no list", lambda c: c.detect(7, classes=["x"]), "images: a list wanted, int given"),
    ("a number", lambda c: c.detect([7], classes=["x"]),
     "images[0]: a URL as str, a file as pathlib.Path, bytes, or an Image wanted, int given"),
    ("none", lambda c: c.detect([], classes=["x"]), "images: none given, a job takes 1 to 64"),
    ("too many", lambda c: c.detect([b"a"] * 65, classes=["x"]), "images: 65 given, at most 64 a job; send them as several jobs"),
    ("no class", lambda c: c.detect([b"a"], classes=[]), "classes: none given, a detect job looks for at least 1"),
    ("one class", lambda c: c.detect([b"a"], classes="person"), "classes: a list wanted, one str given; pass ['person']"),
    ("classes of None", lambda c: c.detect([b"a"], classes=None), "classes: a list wanted, NoneType given"),
    ("a class of int", lambda c: c.detect([b"a"], classes=[7]), "classes[0]: a str or a DetectClass wanted, int given"),
    ("a DetectClass of int", lambda c: c.detect([b"a"], classes=[DetectClass(7)]), "classes[0]"),
    ("an odd verify", lambda c: c.detect([b"a"], classes=[DetectClass("x", verify="MAYBE")]), "classes[0].verify"),
    ("a custom_id of int", lambda c: c.detect([b"a"], classes=["x"], custom_id=7), "custom_id: text wanted, int given"),
    ("a long custom_id", lambda c: c.detect([b"a"], classes=["x"], custom_id="x" * 65), "customId: "),
    ("bounding_boxes of str", lambda c: c.detect([b"a"], classes=["x"], bounding_boxes="yes"), "bounding_boxes: True or False"),
    ("an image of nothing", lambda c: Image(), "Image: one of url, path and data wanted"),
    ("an image of two", lambda c: Image(url="https://e.com/a.jpg", data=b"a"), "Image: one of url, path and data wanted"),
    ("an image's odd url", lambda c: c.detect([Image(url=b"a")], classes=["x"]), "images[0].url: text wanted, bytes given"),
    ("an image's odd data", lambda c: c.detect([Image(data="a")], classes=["x"]), "images[0].data: bytes wanted, str given"),
    ("an image's odd path", lambda c: c.detect([Image(path=7)], classes=["x"]), "images[0].path: a path wanted, int given"),
    ("an image's odd custom_id", lambda c: c.detect([Image(data=b"a", custom_id=7)], classes=["x"]), "images[0].custom_id"),
    ("an id of None", lambda c: c.detect_jobs.get(None), "id: text wanted, None given"),
    ("a token of int", lambda c: c.resume(7), "token: text wanted, int given"),
    ("a negative timeout", lambda c: c.resume(GOOD).wait(-1), "timeout: -1 given, a number of seconds"),
    ("a timeout of NaN", lambda c: c.resume(GOOD).wait(math.nan), "timeout: nan given, a number of seconds"),
    ("a timeout of infinity", lambda c: c.resume(GOOD).wait(math.inf), "timeout: inf given, a number of seconds"),
    ("a timeout of str", lambda c: c.resume(GOOD).wait("60"), "timeout: seconds or a timedelta wanted, str given"),
    ("a timeout of True", lambda c: c.resume(GOOD).wait(True), "timeout: seconds or a timedelta wanted, bool given"),
    ("a timeout too large for a float", lambda c: c.resume(GOOD).wait(10**5000), "timeout: a number of seconds"),
    ("a timeout of an odd Decimal", lambda c: c.resume(GOOD).wait(Decimal("sNaN")), "timeout: a number of seconds"),
    ("half a character in a class", lambda c: c.detect([b"a"], classes=["x", "\ud800"]), "classes[1]: character 0 is half"),
    ("half a character in a DetectClass", lambda c: c.detect([b"a"], classes=[DetectClass("a\ud800")]), "classes[0].class: character 1"),
    ("half a character in a verify", lambda c: c.detect([b"a"], classes=[DetectClass("a", verify="\ud800")]), "classes[0].verify: "),
    ("half a character in a custom_id", lambda c: c.detect([b"a"], classes=["x"], custom_id="\udc80"), "custom_id: character 0"),
    ("half a character in a feed_id", lambda c: c.detect([b"a"], classes=["x"], feed_id="\udc80"), "feed_id: character 0"),
    ("half a character in a webhook_url", lambda c: c.detect([b"a"], classes=["x"], webhook_url="https://e.com/\udc80"), "webhook_url: "),
    ("half a character in a URL", lambda c: c.detect(["https://e.com/\udc80"], classes=["x"]), "images[0].url: character 14"),
    ("half a character in an image's url", lambda c: c.detect([Image(url="\ud800")], classes=["x"]), "images[0].url: character 0"),
    ("half a character in an image's custom_id", lambda c: c.detect([Image(data=b"a", custom_id="\ud800")], classes=["x"]), "images[0].custom_id: "),
    ("half a character in a file's name", lambda c: c.detect([Path("\ud800.jpg")], classes=["x"]), "images[0].path: "),
    ("half a character in an id", lambda c: c.detect_jobs.get("\ud800"), "id: character 0 is half"),
    ("an empty id", lambda c: c.detect_jobs.get(""), "id: "),
    ("a very long id", lambda c: c.detect_jobs.get("x" * 100_000), "id: "),
    ("endless images", lambda c: c.detect(itertools.repeat(b"x"), classes=["x"]), "images: more than 1024 given, at most 64 a job"),
    ("endless classes", lambda c: c.detect([b"a"], classes=itertools.repeat("x")), "classes: more than 1024 given"),
    ("one DetectClass", lambda c: c.detect([b"a"], classes=DetectClass("person")), "classes: a list wanted, one DetectClass given; put it into [ ]"),
    ("zones that hold themselves", lambda c: c.detect([b"a"], classes=["x", DetectClass("x", exclusion_zones=cyclic())]), "classes[1]: "),
    ("settings that hold themselves", lambda c: c.detect([b"a"], classes=[DetectClass("x", exclusion_zones=ring())]), "classes[0]: "),
]  # fmt: skip
GOOD = ""


def cyclic() -> ExclusionZones:
    rows: list[Any] = []
    rows.append(rows)
    return ExclusionZones(rows)


def ring() -> ExclusionZones:
    zones: Any = ExclusionZones([[0]])
    zones.type = zones
    return zones  # type: ignore[no-any-return]


@pytest.mark.parametrize(("call", "words"), [pytest.param(call, words, id=name) for name, call, words in BAD])
def test_what_is_wrong_is_said_before_anything_is_sent(
    call: Callable[[Client], object], words: str, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "GOOD", token_at(scripted))
    before = len(scripted.requests)
    with scripted.client() as client, pytest.raises(InvalidRequestError) as raised:
        call(client)
    assert words in raised.value.message
    assert isinstance(raised.value, ValueError)
    assert len(scripted.requests) == before


def test_generators_are_lists_too(scripted: Scripted, root: Path) -> None:
    with scripted.client() as client:
        client.detect((root / "examples" / "photos").glob("*.jpg"), classes=(name for name in ("a", "b")))
    request = json.loads(scripted.requests[-1].body)
    assert len(request["images"]) == 4
    assert [one["class"] for one in request["classes"]] == ["a", "b"]


class Markup(str):
    """As the templates of the web have it, and numpy."""

    __slots__ = ()

    def __str__(self) -> str:
        return "another"


class Name(StrEnum):
    CAT = "cat"


def test_kinds_of_text_are_text(scripted: Scripted) -> None:
    url = Markup("https://e.com/a.jpg")
    with scripted.client() as client:
        job = client.detect(
            [url, Image(url=url, custom_id=Markup("street"))],
            classes=[Markup("person"), Name.CAT, DetectClass(Markup("dog"), verify=Markup("NEVER"))],
            custom_id=Markup("mine"),
            feed_id=Markup("hall"),
            webhook_url=Markup("https://e.com/hook"),
        )
        assert client.detect_jobs.get(Markup(job.id)).id == client.resume(Markup(job.resume_token)).id
    request = json.loads(scripted.requests[0].body)
    assert [one["url"] for one in request["images"]] == [url, url]
    assert request["images"][1]["customId"] == "street"
    assert [one["class"] for one in request["classes"]] == ["person", "cat", "dog"]
    assert request["classes"][2]["verify"] == "NEVER"
    assert (request["customId"], request["feedId"], request["webhookUrl"]) == ("mine", "hall", "https://e.com/hook")


def test_kinds_of_numbers_are_seconds(scripted: Scripted) -> None:
    with scripted.client(request_timeout=Decimal(5)) as client:
        handle = client.detect([b"a picture"], classes=["person"])
        for timeout in (Decimal(5), Fraction(9, 2), timedelta(seconds=5), 5, None):
            assert handle.wait(timeout).is_done  # type: ignore[arg-type]


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


def test_found_takes_the_name_of_a_class() -> None:
    result = DetectJob(id="1", job_results=[], image_results=[], status="COMPLETED_SUCCESSFULLY")
    assert result.found("zebra") == [] == result.found(Name.CAT)
    for odd in (5, ["cat"], None):
        with pytest.raises(InvalidRequestError, match="found: a class's name: text wanted"):
            result.found(odd)  # type: ignore[arg-type]


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


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"base_url": "ftp://e.com"}, "base URL"),
        ({"base_url": "http://api.example.com/v2"}, "allow_plain_http=True"),
        ({"base_url": 7}, "base_url: text wanted, int given"),
        ({"client_id": "\ud800"}, "client_id: character 0 is half"),
        ({"client_secret": "hidden\ud800"}, "client_secret: character 6 is half"),
        ({"base_url": "https://e.com/\ud800"}, "base_url: character 14 is half"),
        ({"allow_plain_http": "x"}, "allow_plain_http: True or False wanted, str given"),
        ({"allow_plain_http": 1}, "allow_plain_http: True or False wanted, int given"),
        ({"request_timeout": -1}, "request_timeout: -1 given"),
        ({"request_timeout": math.nan}, "request_timeout: nan given"),
        ({"request_timeout": 0}, "request_timeout: 0 given"),
        ({"request_timeout": "1"}, "request_timeout: seconds or a timedelta wanted, str given"),
    ],
)
def test_a_bad_setting(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Client(**{"client_id": "a", "client_secret": "b", **settings})
    assert words in raised.value.message


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
