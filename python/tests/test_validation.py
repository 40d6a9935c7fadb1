"""Every request of the shared table, made through the public calls where they can say it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from image_intelligence import (
    Client,
    DetectClass,
    Examples,
    ExclusionZones,
    FeedbackClass,
    Image,
    ImageIntelligenceError,
    Target,
    _core,
)
from scripted import Answer, Request, Scripted
from vectors import Case, cases, expand, known, same


class Strict(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """What the public calls can say, and nothing else."""


class Picture(Strict):
    url: str
    custom_id: str | None = None


class Zones(Strict):
    zones: list[list[int]]
    type: str = "GRID"
    size: int = 64


class Class(Strict):
    class_: str = msgspec.field(name="class")
    verify: str = "AUTO"
    exclusion_zones: Zones | None = None


class Job(Strict):
    images: list[Picture]
    custom_id: str | None = None
    feed_id: str | None = None
    webhook_url: str | None = None

    def options(self) -> dict[str, Any]:
        return {"custom_id": self.custom_id, "feed_id": self.feed_id, "webhook_url": self.webhook_url}

    def pictures(self) -> list[Image]:
        return [Image(url=image.url, custom_id=image.custom_id) for image in self.images]


class Detect(Job, kw_only=True):
    classes: list[Class]
    bounding_box: bool = False

    def send(self, client: Client) -> object:
        classes = [
            DetectClass(
                one.class_,
                verify=one.verify,
                exclusion_zones=zones and ExclusionZones(zones.zones, type=zones.type, size=zones.size),
            )
            for one in self.classes
            for zones in [one.exclusion_zones]
        ]
        return client.detect(self.pictures(), classes=classes, bounding_boxes=self.bounding_box, **self.options())


class MatchTarget(Strict):
    class_: str = msgspec.field(name="class")
    images: list[str]
    custom_id: str | None = None


class Match(Job, kw_only=True):
    target: MatchTarget

    def send(self, client: Client) -> object:
        target = Target(self.target.class_, self.target.images, self.target.custom_id)
        return client.match(self.pictures(), target, **self.options())


class YesAndNo(Strict):
    yes: list[str] | None = None
    no: list[str] | None = None


class Ask(Job, kw_only=True):
    question: str
    examples: YesAndNo | None = None

    def send(self, client: Client) -> object:
        examples = self.examples and Examples(yes=self.examples.yes, no=self.examples.no)
        return client.ask(self.pictures(), self.question, examples=examples, **self.options())


class Recognize(Job):
    def send(self, client: Client) -> object:
        return client.recognize(self.pictures(), namespace="staff", **self.options())


class Identity(Strict):
    custom_id: str | None = None
    image_ids: list[str] | None = None

    def send(self, client: Client) -> object:
        return client.recognition("staff").identities.create(custom_id=self.custom_id, image_ids=self.image_ids)


class Images(Strict):
    add: list[str]
    remove: list[str]


class IdentityChange(Strict):
    custom_id: str | None = None
    images: Images = msgspec.field(default_factory=lambda: Images(add=[], remove=[]))

    def send(self, client: Client) -> object:
        identities, images = client.recognition("staff").identities, self.images
        return identities.update("i-1", custom_id=self.custom_id, add=images.add, remove=images.remove)


class RecognitionSearch(Strict):
    limit: int | msgspec.UnsetType = msgspec.UNSET
    offset: int | msgspec.UnsetType = msgspec.UNSET
    start: int | msgspec.UnsetType = msgspec.UNSET
    end: int | msgspec.UnsetType = msgspec.UNSET
    sort_by: str | msgspec.UnsetType = msgspec.UNSET
    ids: list[str] | msgspec.UnsetType = msgspec.UNSET
    feed_ids: list[str] | msgspec.UnsetType | None = msgspec.UNSET
    custom_ids: list[str] | msgspec.UnsetType | None = msgspec.UNSET

    def send(self, client: Client) -> object:
        given = {name: getattr(self, name) for name in self.__struct_fields__}
        search: Any = {name: value for name, value in given.items() if value is not msgspec.UNSET}
        return client.recognition("staff").images.search(**search)


class FeedbackItem(Strict):
    class_: str = msgspec.field(name="class")
    code: str


class Feedback(Strict):
    job_id: str
    classes: list[FeedbackItem]
    # The client's to say.
    created_at: int

    def send(self, client: Client) -> object:
        classes = [FeedbackClass(class_=one.class_, code=one.code) for one in self.classes]
        return client.feedback.create(self.job_id, classes)


class Webhook(Strict):
    url: str
    secret_key: str | None = None

    def send(self, client: Client) -> object:
        # On the wire null is the same as absent; here `None` is a variable that was not set.
        return client.register_webhook(self.url, msgspec.UNSET if self.secret_key is None else self.secret_key)


class Namespace(Strict):
    namespace: str

    def send(self, client: Client) -> object:
        return client.recognition(self.namespace).groups.search()


REQUESTS: dict[str, Any] = {
    "detect": Detect,
    "match": Match,
    "ask": Ask,
    "recognize": Recognize,
    "identity": Identity,
    "identity_change": IdentityChange,
    "recognition_search": RecognitionSearch,
    "feedback": Feedback,
    "webhook": Webhook,
    "namespace": Namespace,
}


@pytest.fixture(scope="module")
def api() -> Iterator[tuple[Scripted, Client]]:
    """It takes whatever comes."""

    def script(request: Request) -> Answer:
        taken = {"id": "1", "status": "IN_PROGRESS"}
        return Answer(200, json.dumps([] if request.path.endswith("/search") else taken).encode())

    with Scripted(script) as server, server.client() as client:
        yield server, client


@cases("validation")
def test_validation_before_anything_is_sent(case: Case, api: tuple[Scripted, Client]) -> None:
    """What can be said through the public calls: a request that passes is sent, one that does not is not."""
    known(case, "of", "request", "limits", "error")
    try:
        request = msgspec.convert(expand(case["request"]), REQUESTS[case.get("of", "detect")])
    except msgspec.ValidationError:
        request = None
    if request is None or "limits" in case:
        # Not a request that the public calls can make.
        same(json.loads(_core.decide("validation", json.dumps(case))), case)
        return
    server, client = api
    before = len(server.requests)
    send: Callable[[Client], object] = request.send
    if "error" not in case:
        send(client)
        assert len(server.requests) == before + 1
        return
    with pytest.raises(ImageIntelligenceError) as raised:
        send(client)
    assert raised.value.kind == case["error"]["kind"]
    # A text that is no URL gets the advice of this language, how to pass a file.
    if "pass pathlib.Path(" not in raised.value.message:
        assert raised.value.message == case["error"]["message"]
    assert len(server.requests) == before
