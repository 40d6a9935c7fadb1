"""Webhooks: verify, validate and build typed objects, every field read, against pydantic and hmac."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from figures import Figure
from image_intelligence import DetectJob, webhooks
from pydantic_models import PydanticJob

SECRET = "a secret key of a registered webhook"
ROUNDS = 15
ROUND_S = 0.12


def large(small: bytes) -> bytes:
    """A body of the same shape with 64 images, five objects in each."""
    job = json.loads(small)
    image = job["imageResults"][0]
    job["imageResults"] = [
        {
            **image,
            "id": f"52547074-a622-11e6-8f61-63f37dc3{index:04x}",
            "url": f"https://publicly.available.domain.net/image-{index:03}.jpg",
            "customId": f"camera_{index}_at_noon",
            "objects": [
                {"class": name, "confidence": 0.9 + place / 1000 + index / 1e6, "verdict": place % 2 == 0}
                for place, name in enumerate(("person", "car", "dog", "bicycle", "umbrella"))
            ],
        }
        for index in range(64)
    ]
    return json.dumps(job).encode()


def touch(job: Any) -> None:
    """Reads every field."""
    _ = (job.id, job.created_at, job.status, job.custom_id, job.feed_id, job.webhook_url)
    for result in job.job_results:
        _ = (result.class_, result.hitl)
        if (chosen := result.image) is not None:
            _ = (chosen.id, chosen.url, chosen.proxy_url, chosen.custom_id, chosen.confidence)
    for image in job.image_results:
        _ = (image.id, image.url, image.proxy_url, image.custom_id, image.status)
        for item in image.objects:
            _ = (item.class_, item.confidence, item.verdict, item.bounding_box)


def seconds(run: Callable[[], None], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        run()
    return (time.perf_counter() - began) / times


def ratio(ours: Callable[[], None], theirs: Callable[[], None]) -> tuple[float, float, float]:
    """Both in turn, in many short rounds: the medians of each, and of theirs / ours."""
    times = max(1, int(ROUND_S / seconds(theirs, 20)))
    rounds = [(seconds(ours, times), seconds(theirs, times)) for _ in range(ROUNDS)]
    return (
        median(mine for mine, _ in rounds),
        median(other for _, other in rounds),
        median(other / mine for mine, other in rounds),
    )


def measure(root: Path) -> list[Figure]:
    small = (root / "tests/vectors/files/detect-webhook.json").read_bytes()
    decode = msgspec.json.Decoder(DetectJob).decode
    figures = []
    for name, body, goal in (("small", small, 2.0), ("large", large(small), 3.0)):
        signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "host": "hooks.example.com",
            "content-type": "application/json",
            "content-length": str(len(body)),
            "user-agent": "niro/2",
            "accept": "*/*",
            "x-niro-signature": signature,
        }

        def ours(body: bytes = body, headers: dict[str, str] = headers) -> None:
            job = webhooks.parse(body, headers, secret=SECRET)
            touch(job)

        def pydantic(body: bytes = body, headers: dict[str, str] = headers) -> None:
            given = headers["x-niro-signature"].removeprefix("sha256=")
            made = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
            assert hmac.compare_digest(given, made)
            touch(PydanticJob.model_validate_json(body))

        def unverified(body: bytes = body) -> None:
            job = webhooks.parse(body)
            touch(job)

        def bare(body: bytes = body) -> None:
            touch(decode(body))

        mine, theirs, times = ratio(ours, pydantic)
        detail = f"{len(body):,} bytes: {mine * 1e6:.1f} µs, pydantic + hmac {theirs * 1e6:.1f} µs"
        figures.append(
            Figure(f"webhook, {name}: verify, validate, every field", times, goal, "times pydantic + hmac", detail)
        )
        mine, theirs, times = ratio(unverified, bare)
        detail = f"{mine * 1e6:.1f} µs, bare {theirs * 1e6:.1f} µs"
        figures.append(
            Figure(f"webhook, {name}: nothing to verify", 1 / times, 1.8, "of msgspec's time", detail, most=True)
        )
    return figures
