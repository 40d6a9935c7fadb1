"""What arguments may be, and what is said of the rest before anything is sent."""

import itertools
import json
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from image_intelligence import (
    Client,
    ConfigError,
    DetectClass,
    DetectJob,
    Examples,
    ExclusionZones,
    Image,
    InvalidRequestError,
    Target,
)
from scripted import Scripted, token_at

BAD: list[tuple[str, Callable[[Client], object], str]] = [
    ("a name of a file", lambda c: c.detect(["astronaut.jpg"], classes=["x"]),
     'images[0].url: "astronaut.jpg" is not a URL; for a file pass pathlib.Path("astronaut.jpg")'),
    ("one str", lambda c: c.detect("https://e.com/a.jpg", classes=["x"]), "images: a list wanted, one str given; put it into [ ]"),
    ("one path", lambda c: c.detect(Path("a.jpg"), classes=["x"]), "images: a list wanted, one PosixPath given; put it into [ ]"),
    ("no list", lambda c: c.detect(7, classes=["x"]), "images: a list wanted, int given"),
    ("a number", lambda c: c.detect([7], classes=["x"]),
     "images[0]: a URL as str, a file as pathlib.Path, bytes, or an Image wanted, int given"),
    ("none", lambda c: c.detect([], classes=["x"]), "images: none given, a job takes 1 to 64"),
    ("too many", lambda c: c.detect([b"a"] * 65, classes=["x"]), "images: 65 given, at most 64 a job (detect_all splits any number into jobs)"),
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
    ("a target of str", lambda c: c.match([b"a"], "dog"), "target: a Target wanted, str given"),
    ("a target of None", lambda c: c.match([b"a"], None), "target: a Target wanted, None given"),
    ("a target that is a class", lambda c: c.match([b"a"], DetectClass("dog")), "target: missing field"),
    ("a target without pictures", lambda c: c.match([b"a"], Target("dog", [])), "target.images: none given"),
    ("a target with a str for its pictures", lambda c: c.match([b"a"], Target("dog", "https://e.com/a.jpg")), "target.images: "),
    ("half a character in a target", lambda c: c.match([b"a"], Target("dog", ["https://e.com/\ud800"])), "target.images[0]: character 14"),
    ("a question of int", lambda c: c.ask([b"a"], 7), "question: text wanted, int given"),
    ("an empty question", lambda c: c.ask([b"a"], " "), "question: "),
    ("examples of dict", lambda c: c.ask([b"a"], "x", examples={"yes": []}), "examples: an Examples wanted, dict given"),
    ("examples of a file", lambda c: c.ask([b"a"], "x", examples=Examples(yes=["open.jpg"])), "examples.yes[0]: "),
    ("a namespace of None", lambda c: c.recognize([b"a"], namespace=None), "namespace: text wanted, None given"),
    ("an empty namespace", lambda c: c.recognize([b"a"], namespace=""), "namespace: "),
    ("an empty namespace of a search", lambda c: c.recognition("").images.search(), "namespace: "),
    ("a namespace of int", lambda c: c.recognition(7), "namespace: text wanted, int given"),
    ("half a character in a namespace", lambda c: c.recognition("\ud800"), "namespace: character 0 is half"),
    ("a moment of str", lambda c: c.match_jobs.search(after="today"), "after: milliseconds since the UNIX epoch or a datetime with a time zone wanted, str given"),
    ("a moment of float", lambda c: c.match_jobs.search(before=1.5), "before: milliseconds"),
    ("a moment of True", lambda c: c.match_jobs.search(before=True), "before: milliseconds"),
    ("a moment of 0", lambda c: c.match_jobs.search(before=0), "before: milliseconds"),
    ("a moment beyond all", lambda c: c.match_jobs.search(before=10**5000), "before: milliseconds"),
    ("a moment without a zone", lambda c: c.ask_jobs.search(before=datetime(2017, 2, 21)), "a datetime without a time zone given"),
    ("a custom_id of int in a search", lambda c: c.detect_jobs.search(custom_id=7), "custom_id: text wanted, int given"),
    ("a limit of str", lambda c: c.recognition("a").groups.search(limit="5"), "limit: a whole number wanted, str given"),
    ("a limit of True", lambda c: c.recognition("a").groups.search(limit=True), "limit: a whole number wanted, bool given"),
    ("a limit of 0", lambda c: c.recognition("a").groups.search(limit=0), "limit: 0 given, 1 to 100 wanted"),
    ("a limit below 0", lambda c: c.recognition("a").groups.search(limit=-1), "limit: "),
    ("a limit beyond all", lambda c: c.recognition("a").groups.search(limit=10**5000), "limit: a number beyond"),
    ("ids of str", lambda c: c.recognition("a").groups.search(ids="a"), "ids: a list wanted, one str given; put it into [ ]"),
    ("ids of int", lambda c: c.recognition("a").groups.search(ids=[7]), "ids[0]: text wanted, int given"),
    ("endless ids", lambda c: c.recognition("a").groups.search(feed_ids=itertools.repeat("a")), "feed_ids: more than 1024 given"),
    ("an odd order", lambda c: c.recognition("a").groups.search(sort_by="UP"), "sortBy: "),
    ("an end before the start", lambda c: c.recognition("a").jobs.search(start=1487648348001, end=1487648348000), "start: later than end"),
    ("an offset of all", lambda c: list(c.recognition("a").jobs.all(offset=5)), "offset: "),
    ("image ids of str", lambda c: c.recognition("a").identities.create(image_ids="f-1"), "image_ids: a list wanted, one str given"),
    ("no image ids", lambda c: c.recognition("a").identities.create(image_ids=[]), "imageIds: none given"),
    ("a change of None", lambda c: c.recognition("a").identities.update("i", add=None), "add: a list wanted, NoneType given"),
    ("added and removed", lambda c: c.recognition("a").identities.update("i", add=["f"], remove=["f"]), "images.add[0]: "),
    ("an id of int", lambda c: c.recognition("a").identities.delete(7), "id: text wanted, int given"),
    ("an empty id of a picture", lambda c: c.recognition("a").images.picture(""), "id: "),
    ("feedback of str", lambda c: c.feedback.create("1", "person"), "classes: a dict wanted, one str given; pass {'person': ..}"),
    ("feedback of a list of str", lambda c: c.feedback.create("1", ["person"]), "classes[0]: a FeedbackClass wanted, str given"),
    ("feedback of nothing", lambda c: c.feedback.create("1", {}), "classes: none given"),
    ("feedback of an odd code", lambda c: c.feedback.create("1", {"person": "WRONG"}), "classes[0].code: "),
    ("feedback of an int", lambda c: c.feedback.create("1", {"person": 7}), "classes: text wanted, int given"),
    ("a secret too short", lambda c: c.register_webhook("https://e.com/hook", "secret"), "secretKey: 6 characters given"),
    ("a secret of int", lambda c: c.register_webhook("https://e.com/hook", 7), "secret_key: text wanted, int given"),
    ("a webhook of None", lambda c: c.register_webhook(None), "url: text wanted, None given"),
    ("an image of int", lambda c: c.image(7), "url: text wanted, int given"),
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


def test_found_takes_the_name_of_a_class() -> None:
    result = DetectJob(id="1", job_results=[], image_results=[], status="COMPLETED_SUCCESSFULLY")
    assert result.found("zebra") == [] == result.found(Name.CAT)
    for odd in (5, ["cat"], None):
        with pytest.raises(InvalidRequestError, match="found: a class's name: text wanted"):
            result.found(odd)  # type: ignore[arg-type]


def test_kinds_of_numbers_are_seconds(scripted: Scripted) -> None:
    with scripted.client(request_timeout=Decimal(5)) as client:
        handle = client.detect([b"a picture"], classes=["person"])
        for timeout in (Decimal(5), Fraction(9, 2), timedelta(seconds=5), 5, None):
            assert handle.wait(timeout).is_done  # type: ignore[arg-type]


def test_a_condition_that_there_is_not(scripted: Scripted) -> None:
    with scripted.client() as client, pytest.raises(TypeError, match="custom_ids, not 'limt'"):
        client.recognition("staff").groups.search(limt=5)  # type: ignore[call-arg]


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
