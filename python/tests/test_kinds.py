"""The other kinds of job, recognition, feedback and webhooks against a real server, which is told what to answer."""

import asyncio
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from both import CLIENTS, run, settled
from conftest import Serve
from image_intelligence import (
    AsyncClient,
    AsyncMatchHandle,
    BadRequestError,
    Client,
    Examples,
    Image,
    MatchHandle,
    NotFoundError,
    RegisteredEvent,
    Target,
    webhooks,
)

REX = Target("dog", ["https://example.com/rex.jpg"], custom_id="rex")


def pictures(root: Path) -> list[Image]:
    photos = root / "examples" / "photos"
    return [Image(path=photos / f"{name}.jpg", custom_id=name) for name in ("astronaut", "chelsea", "coffee")]


@pytest.mark.parametrize("client", CLIENTS)
def test_match(client: str, serve: Serve, root: Path) -> None:
    serve.answers(
        {"kind": "match", "image": "chelsea", "target": "tom", "matches": True, "hitl": True},
        {"kind": "match", "image": "astronaut", "target": "tom", "matches": False},
        {"kind": "match", "image": "coffee", "target": "tom", "status": "SPIDERWEBS_ERROR"},
    )
    tom = Target("cat", ["https://example.com/tom.jpg"], custom_id="tom")
    handle, job, again = run(serve, client, lambda c: c.match(pictures(root), tom, feed_id="garden"))
    assert type(handle) is (MatchHandle if client == "Client" else AsyncMatchHandle)
    assert job.matched is not None and job.matched.custom_id == "chelsea" and job.job_results.hitl
    assert job.status == "COMPLETED_PARTIAL_ERROR" and job.feed_id == "garden"
    assert [(image.custom_id_or_url, image.status) for image in job.errors()] == [("coffee", "SPIDERWEBS_ERROR")]
    assert json.loads(job.raw)["id"] == handle.id == again.id
    found = run(serve, client, lambda c: c.match_jobs.search(feed_id="garden"))
    assert handle.id in [one.id for one in found]
    assert run(serve, client, lambda c: c.match_jobs.get(handle.id)).matched.custom_id == "chelsea"


@pytest.mark.parametrize("client", CLIENTS)
def test_ask(client: str, serve: Serve, root: Path) -> None:
    serve.answers({"kind": "ask", "image": "coffee", "question": "Is there coffee?", "answer": "yes"})
    examples = Examples(no=["https://example.com/tea.jpg"])
    before = datetime.now(UTC) - timedelta(minutes=5)
    handle, job, _ = run(serve, client, lambda c: c.ask(pictures(root)[2:], "Is there coffee?", examples=examples))
    assert job.yes is not None and job.yes.custom_id == "coffee" and job.is_done
    assert job.question == "Is there coffee?" and job.examples.no == ["https://example.com/tea.jpg"]
    found = run(serve, client, lambda c: c.ask_jobs.search(after=before))
    assert handle.id in [one.id for one in found]
    assert not run(serve, client, lambda c: c.ask_jobs.search(before=before))


def test_a_server_without_a_model_makes_nothing_up(serve: Serve, root: Path) -> None:
    with serve.client() as client:
        job = client.ask(pictures(root), "Is it art?").wait()
        assert job.yes is None and {image.status for image in job.errors()} == {"MODEL_SERVICE_ERROR"}
        with pytest.raises(NotFoundError):
            client.match_jobs.get("nobody")


@pytest.mark.parametrize("client", CLIENTS)
def test_recognition(client: str, serve: Serve, root: Path) -> None:
    namespace = f"staff of {client}"
    face = {"confidence": 0.97, "boundingBox": {"xMin": 100, "yMin": 50, "xMax": 300, "yMax": 250}, "group": "g"}
    serve.answers({"kind": "recognize", "image": "astronaut", "namespace": namespace, "faces": [face]})
    astronaut = pictures(root)[:1]
    _, job, _ = run(serve, client, lambda c: c.recognize(astronaut, namespace=namespace, feed_id="door"))
    [hit] = job.faces()
    assert (hit.image.custom_id, hit.face.confidence) == ("astronaut", 0.97)
    assert hit.face.bounding_box.x_max == 300

    async def main() -> None:
        opened: Any = serve.client() if client == "Client" else serve.async_client()
        staff = opened.recognition(namespace)
        assert [one.id for one in await settled(staff.jobs.all())] == [job.id]
        [seen] = await settled(staff.images.search(feed_ids=["door"]))
        assert seen.identity_id is None and (await settled(staff.images.get(seen.id))).id == seen.id
        assert (await settled(staff.images.picture(seen.id))).startswith(b"\xff\xd8")
        assert await settled(staff.images.search(feed_ids=None)) == []
        [group] = await settled(staff.groups.search())
        assert (await settled(staff.groups.get(group.id))).images[0].id == seen.id
        assert [one.id for one in await settled(staff.groups.all())] == [group.id]

        ann = await settled(staff.identities.create(custom_id="ann", image_ids=[seen.id]))
        assert [image.id for image in ann.images] == [seen.id]
        renamed = await settled(staff.identities.update(ann.id, custom_id="anna", remove=[seen.id]))
        assert (renamed.custom_id, renamed.images) == ("anna", [])
        assert (await settled(staff.identities.update(ann.id, add=[seen.id]))).images[0].id == seen.id
        assert [one.id for one in await settled(staff.identities.search(custom_ids=["anna"]))] == [ann.id]
        assert await settled(staff.identities.search(custom_ids=None)) == []
        await settled(staff.identities.delete(ann.id))
        with pytest.raises(NotFoundError):
            await settled(staff.identities.get(ann.id))
        with pytest.raises(NotFoundError):
            await settled(staff.identities.update(ann.id, custom_id="nobody"))
        await settled(opened.close())

    asyncio.run(main())


def test_every_identity_past_200(serve: Serve) -> None:
    with serve.client() as client:
        crowd = client.recognition("a crowd").identities
        made = [crowd.create(custom_id=f"person {index}").id for index in range(230)]
        assert [one.id for one in crowd.all(sort_by="ASC")] == made
        assert {one.id for one in crowd.all()} == set(made)
        assert len(crowd.search(limit=100, offset=100)) == 100


@pytest.mark.parametrize("client", CLIENTS)
def test_feedback_and_a_stored_picture(client: str, serve: Serve, root: Path) -> None:
    handle, job, _ = run(serve, client, lambda c: c.detect(pictures(root)[:1], classes=["person"]))
    taken = run(serve, client, lambda c: c.feedback.create(handle.id, {"person": "FALSE_POSITIVE"}))
    assert taken.job_id == handle.id and taken.classes[0].code == "FALSE_POSITIVE"
    assert taken.created_at is not None and taken.created_at > 1_700_000_000_000
    assert run(serve, client, lambda c: c.feedback.get(taken.id)) == taken
    assert run(serve, client, lambda c: c.feedback.list(handle.id)) == [taken]
    assert taken.id in [one.id for one in run(serve, client, lambda c: c.feedback.list())]
    stored = job.image_results[0].proxy_url
    photo = (root / "examples" / "photos" / "astronaut.jpg").read_bytes()
    assert run(serve, client, lambda c: c.image(stored)) == photo


def test_a_webhook_is_registered_once(serve: Serve) -> None:
    secret = "correct horse battery staple"
    with serve.client() as client:
        webhook = client.register_webhook("https://hooks.example.com/ii", secret)
        assert webhook.secret_key == secret and secret not in repr(webhook)
        assert webhook.url == "https://hooks.example.com/ii" and webhook.id
        with pytest.raises(BadRequestError) as raised:
            client.register_webhook("https://hooks.example.com/ii", secret)
        assert secret not in str(raised.value) and secret not in repr(vars(raised.value))
    body = b'{"event": "IDENTITY_CREATED", "createdAt": 1487648348000, "identity": {"id": "i-1", "images": []}}'
    signed = {"X-Niro-Signature": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}
    event = webhooks.parse(body, signed, secret=secret)
    assert isinstance(event, RegisteredEvent) and event.raw == body
    assert event.event == "IDENTITY_CREATED" and event.identity is not None and event.identity.id == "i-1"


def test_a_token_gives_the_handle_of_its_kind(serve: Serve, root: Path) -> None:
    async def main() -> None:
        async with AsyncClient(base_url=serve.base_url, client_id="local", client_secret="local") as other:
            handle = other.resume(token)
            assert type(handle) is AsyncMatchHandle
            job = await handle.wait()
            assert job.matched is not None and job.matched.input is not None and job.matched.input.index == 0

    with Client(base_url=serve.base_url, client_id="local", client_secret="local") as client:
        token = client.match([root / "examples/photos/chelsea.jpg"], REX).resume_token
        assert type(client.resume(token)) is MatchHandle
    asyncio.run(main())
