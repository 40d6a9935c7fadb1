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
    from ._aliases import AnyJob, ClassLike, Picture
    from ._all import All, AsCompleted
    from ._async_all import AsyncAll, AsyncAsCompleted
    from ._async_client import AsyncClient
    from ._async_handles import (
        AsyncAnyHandle,
        AsyncAskHandle,
        AsyncDetectHandle,
        AsyncMatchHandle,
        AsyncRecognizeHandle,
    )
    from ._async_inbox import AsyncDelivery, AsyncInbox, AsyncReceiver
    from ._async_recognition import (
        AsyncFaceGroups,
        AsyncFaceImages,
        AsyncIdentities,
        AsyncRecognition,
        AsyncRecognizeJobs,
    )
    from ._async_rooms import AsyncAskJobs, AsyncDetectJobs, AsyncFeedbacks, AsyncMatchJobs
    from ._client import Client
    from ._deliveries import DeliveredEvent, Delivery
    from ._entries import Counts, Entry, EventCounts, EventState, JobCounts, Pruned
    from ._handles import AnyHandle, AskHandle, DetectHandle, MatchHandle, RecognizeHandle
    from ._images import Image
    from ._inbox import Inbox
    from ._items import Completed, CompletedFailed, CompletedOk, Item, ItemFailed, ItemOk, Progress
    from ._journal import Recovered, SubmitOutcome
    from ._receiver import Receiver, ReceiverLimits
    from ._recognition import FaceGroups, FaceImages, Identities, Recognition, RecognizeJobs
    from ._results import FaceHit, Hit
    from ._rooms import AskJobs, DetectJobs, Feedbacks, MatchJobs
    from ._searches import Moment, RecognitionSearch
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
        AskExamples,
        AskJob,
        AskJobResult,
        BoundingBox,
        DetectClass,
        DetectedObject,
        DetectImageResult,
        DetectJob,
        DetectJobImage,
        DetectJobResult,
        EventName,
        Examples,
        ExclusionZones,
        Face,
        FaceGroup,
        FaceImage,
        Feedback,
        FeedbackClass,
        FeedbackCode,
        GaveUp,
        GaveUpReason,
        Identity,
        ImageResult,
        ImageStatus,
        Input,
        JobImage,
        JobStatus,
        LinkModifier,
        MatchJob,
        MatchJobResult,
        MatchTarget,
        RecognizedImage,
        RecognizeJob,
        RegisteredEvent,
        RegisteredWebhook,
        SortOrder,
        Target,
        Verify,
    )

    __version__: str

__all__ = [
    "APIConnectionError",
    "All",
    "AnyHandle",
    "AnyJob",
    "AsCompleted",
    "AskExamples",
    "AskHandle",
    "AskJob",
    "AskJobResult",
    "AskJobs",
    "AsyncAll",
    "AsyncAnyHandle",
    "AsyncAsCompleted",
    "AsyncAskHandle",
    "AsyncAskJobs",
    "AsyncClient",
    "AsyncDelivery",
    "AsyncDetectHandle",
    "AsyncDetectJobs",
    "AsyncFaceGroups",
    "AsyncFaceImages",
    "AsyncFeedbacks",
    "AsyncIdentities",
    "AsyncInbox",
    "AsyncMatchHandle",
    "AsyncMatchJobs",
    "AsyncReceiver",
    "AsyncRecognition",
    "AsyncRecognizeHandle",
    "AsyncRecognizeJobs",
    "AuthenticationError",
    "BadRequestError",
    "BoundingBox",
    "ClassLike",
    "Client",
    "ClosedError",
    "Completed",
    "CompletedFailed",
    "CompletedOk",
    "ConfigError",
    "Counts",
    "DeliveredEvent",
    "Delivery",
    "DetectClass",
    "DetectHandle",
    "DetectImageResult",
    "DetectJob",
    "DetectJobImage",
    "DetectJobResult",
    "DetectJobs",
    "DetectedObject",
    "Entry",
    "EventCounts",
    "EventName",
    "EventState",
    "Examples",
    "ExclusionZones",
    "Face",
    "FaceGroup",
    "FaceGroups",
    "FaceHit",
    "FaceImage",
    "FaceImages",
    "Feedback",
    "FeedbackClass",
    "FeedbackCode",
    "Feedbacks",
    "GaveUp",
    "GaveUpReason",
    "Hit",
    "Identities",
    "Identity",
    "Image",
    "ImageIntelligenceError",
    "ImageResult",
    "ImageStatus",
    "Inbox",
    "Input",
    "InvalidRequestError",
    "InvalidResponseError",
    "InvalidWebhookError",
    "Item",
    "ItemFailed",
    "ItemOk",
    "JobCounts",
    "JobImage",
    "JobLostError",
    "JobStatus",
    "LinkModifier",
    "MatchHandle",
    "MatchJob",
    "MatchJobResult",
    "MatchJobs",
    "MatchTarget",
    "Moment",
    "NotFoundError",
    "OutcomeUnknownError",
    "PermissionDeniedError",
    "Picture",
    "Progress",
    "Pruned",
    "RateLimitError",
    "Receiver",
    "ReceiverLimits",
    "Recognition",
    "RecognitionSearch",
    "RecognizeHandle",
    "RecognizeJob",
    "RecognizeJobs",
    "RecognizedImage",
    "Recovered",
    "RegisteredEvent",
    "RegisteredWebhook",
    "RequestTimeoutError",
    "ResumeTokenError",
    "ServerError",
    "SortOrder",
    "StoreError",
    "SubmitOutcome",
    "Target",
    "TooLargeError",
    "Verify",
    "WaitTimeoutError",
    "WebhookVerificationError",
    "__version__",
    "webhooks",
]

_HOMES = {
    "All": "_all",
    "AnyHandle": "_handles",
    "AnyJob": "_aliases",
    "AsCompleted": "_all",
    "AskHandle": "_handles",
    "AskJobs": "_rooms",
    "AsyncAll": "_async_all",
    "AsyncAnyHandle": "_async_handles",
    "AsyncAsCompleted": "_async_all",
    "AsyncAskHandle": "_async_handles",
    "AsyncAskJobs": "_async_rooms",
    "AsyncClient": "_async_client",
    "AsyncDelivery": "_async_inbox",
    "AsyncDetectHandle": "_async_handles",
    "AsyncDetectJobs": "_async_rooms",
    "AsyncFaceGroups": "_async_recognition",
    "AsyncFaceImages": "_async_recognition",
    "AsyncFeedbacks": "_async_rooms",
    "AsyncIdentities": "_async_recognition",
    "AsyncInbox": "_async_inbox",
    "AsyncMatchHandle": "_async_handles",
    "AsyncMatchJobs": "_async_rooms",
    "AsyncReceiver": "_async_inbox",
    "AsyncRecognition": "_async_recognition",
    "AsyncRecognizeHandle": "_async_handles",
    "AsyncRecognizeJobs": "_async_recognition",
    "ClassLike": "_aliases",
    "Client": "_client",
    "Completed": "_items",
    "CompletedFailed": "_items",
    "CompletedOk": "_items",
    "Counts": "_entries",
    "DeliveredEvent": "_deliveries",
    "Delivery": "_deliveries",
    "DetectHandle": "_handles",
    "DetectJobs": "_rooms",
    "Entry": "_entries",
    "EventCounts": "_entries",
    "EventState": "_entries",
    "FaceGroups": "_recognition",
    "FaceHit": "_results",
    "FaceImages": "_recognition",
    "Feedbacks": "_rooms",
    "Hit": "_results",
    "Identities": "_recognition",
    "Image": "_images",
    "Inbox": "_inbox",
    "Item": "_items",
    "ItemFailed": "_items",
    "ItemOk": "_items",
    "JobCounts": "_entries",
    "MatchHandle": "_handles",
    "MatchJobs": "_rooms",
    "Moment": "_searches",
    "Picture": "_aliases",
    "Progress": "_items",
    "Pruned": "_entries",
    "Receiver": "_receiver",
    "ReceiverLimits": "_receiver",
    "Recognition": "_recognition",
    "RecognitionSearch": "_searches",
    "RecognizeHandle": "_handles",
    "RecognizeJobs": "_recognition",
    "Recovered": "_journal",
    "SubmitOutcome": "_journal",
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
