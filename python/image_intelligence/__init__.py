"""Image Intelligence: hand over a batch of pictures, get a job at once, and its result when it is there.

>>> from pathlib import Path
>>> from image_intelligence import Client, DetectClass
>>> with Client() as client:  # II_BASE_URL, II_CLIENT_ID, II_CLIENT_SECRET
...     images = [Path("examples/photos/astronaut.jpg")]
...     job = client.detect(images, classes=["person", DetectClass("car", verify="NEVER")])
...     for hit in job.wait(timeout=60).found("person"):
...         print(hit.image.custom_id_or_url, f"{hit.confidence:.2f}")
examples/photos/astronaut.jpg 0.73

`AsyncClient` is the same, with `await`. Every exception is an `ImageIntelligenceError`.
"""

# What is not used is not loaded: a program that only submits needs no models, and one without asyncio does not load it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import webhooks as webhooks
    from ._aliases import ClassLike, Picture
    from ._async_client import AsyncClient, AsyncDetectHandle, AsyncDetectJobs
    from ._client import Client, DetectHandle, DetectJobs
    from ._images import Image
    from ._results import Hit
    from .errors import (
        APIConnectionError,
        AuthenticationError,
        BadRequestError,
        ClosedError,
        ConfigError,
        ImageIntelligenceError,
        InvalidRequestError,
        InvalidResponseError,
        InvalidWebhookError,
        JobLostError,
        NotFoundError,
        OutcomeUnknownError,
        PermissionDeniedError,
        RateLimitError,
        RequestTimeoutError,
        ResumeTokenError,
        ServerError,
        StoreError,
        TooLargeError,
        WaitTimeoutError,
        WebhookVerificationError,
    )
    from .models import (
        BoundingBox,
        DetectClass,
        DetectedObject,
        DetectImageResult,
        DetectJob,
        DetectJobImage,
        DetectJobResult,
        ExclusionZones,
        ImageStatus,
        Input,
        JobStatus,
        Verify,
    )

    __version__: str

__all__ = [
    "APIConnectionError",
    "AsyncClient",
    "AsyncDetectHandle",
    "AsyncDetectJobs",
    "AuthenticationError",
    "BadRequestError",
    "BoundingBox",
    "ClassLike",
    "Client",
    "ClosedError",
    "ConfigError",
    "DetectClass",
    "DetectHandle",
    "DetectImageResult",
    "DetectJob",
    "DetectJobImage",
    "DetectJobResult",
    "DetectJobs",
    "DetectedObject",
    "ExclusionZones",
    "Hit",
    "Image",
    "ImageIntelligenceError",
    "ImageStatus",
    "Input",
    "InvalidRequestError",
    "InvalidResponseError",
    "InvalidWebhookError",
    "JobLostError",
    "JobStatus",
    "NotFoundError",
    "OutcomeUnknownError",
    "PermissionDeniedError",
    "Picture",
    "RateLimitError",
    "RequestTimeoutError",
    "ResumeTokenError",
    "ServerError",
    "StoreError",
    "TooLargeError",
    "Verify",
    "WaitTimeoutError",
    "WebhookVerificationError",
    "__version__",
    "webhooks",
]

_HOMES = {
    "AsyncClient": "_async_client",
    "AsyncDetectHandle": "_async_client",
    "AsyncDetectJobs": "_async_client",
    "ClassLike": "_aliases",
    "Client": "_client",
    "DetectHandle": "_client",
    "DetectJobs": "_client",
    "Hit": "_results",
    "Image": "_images",
    "Picture": "_aliases",
    "__version__": "_core",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    if name == "webhooks":
        return import_module(".webhooks", __name__)
    home = _HOMES.get(name, "errors" if name.endswith("Error") else "models")
    found = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
