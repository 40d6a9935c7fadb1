"""A program as a user types it: mypy --strict holds it, and what it asserts of types."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import assert_type

from image_intelligence import (
    AsyncClient,
    AsyncDetectHandle,
    ClassLike,
    Client,
    DetectClass,
    DetectHandle,
    DetectImageResult,
    DetectJob,
    ExclusionZones,
    Hit,
    Image,
    ImageIntelligenceError,
    JobStatus,
    Picture,
    WaitTimeoutError,
    webhooks,
)


def ask(client: Client, pictures: list[Picture], classes: list[ClassLike]) -> DetectJob:
    return client.detect(pictures, classes=classes).wait()


def synchronous() -> None:
    with Client(request_timeout=timedelta(seconds=20)) as client:
        zones = ExclusionZones([[0, 1], [0, 0]])
        handle = client.detect(
            [Path("a.jpg"), "https://e.com/a.jpg", b"..", Image(data=b"..", custom_id="7")],
            classes=["person", DetectClass("car", verify="NEVER", exclusion_zones=zones)],
        )
        assert_type(handle, DetectHandle)
        try:
            job = handle.wait(timeout=60)
        except WaitTimeoutError as error:
            assert_type(error.resume_token, str | None)
            return
        except ImageIntelligenceError as error:
            assert_type(error.retry_after, float | None)
            raise
        assert_type(job, DetectJob)
        assert_type(job.found("person"), list[Hit])
        assert_type(job.found("person")[0].image.custom_id_or_url, str)
        assert_type(job.errors(), list[DetectImageResult])
        assert_type(job.classes, list[str])
        assert_type(job.raw, bytes)
        assert_type(client.detect_jobs.get("1").created_at, int | None)
        client.detect(7, classes=["x"])  # type: ignore[arg-type]
        client.detect([b".."])  # type: ignore[call-arg]


async def asynchronous() -> None:
    async with AsyncClient() as client:
        handle = await client.detect((Path(name) for name in ("a.jpg", "b.jpg")), classes=("a", "b"))
        assert_type(handle, AsyncDetectHandle)
        task = asyncio.create_task(handle.wait())
        assert_type(await task, DetectJob)
        assert_type(client.resume("ii1_"), AsyncDetectHandle)


def hook(body: bytes, headers: dict[str, str]) -> str:
    match webhooks.parse(body, headers, secret=["old", "new"]):
        case DetectJob(status=JobStatus.COMPLETED_SUCCESSFULLY) as job:
            return job.id
        case DetectJob():
            return "not yet"
        case webhooks.UnknownEvent(raw):
            return raw.decode()
