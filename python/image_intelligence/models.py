"""The models of the API, made by `cargo xtask gen` from core's schema: do not edit, run that instead."""

from enum import StrEnum

from msgspec import Struct, field

from ._results import (
    AsItCame,
    AskResults,
    DetectImageNames,
    DetectResults,
    ImageNames,
    MatchResults,
    RecognizeResults,
    WithSecret,
)

__all__ = [
    "AskExamples",
    "AskJob",
    "AskJobResult",
    "BoundingBox",
    "DetectClass",
    "DetectImageResult",
    "DetectJob",
    "DetectJobImage",
    "DetectJobResult",
    "DetectedObject",
    "EventName",
    "Examples",
    "ExclusionZones",
    "Face",
    "FaceGroup",
    "FaceImage",
    "Feedback",
    "FeedbackClass",
    "FeedbackCode",
    "GaveUp",
    "GaveUpReason",
    "Identity",
    "ImageResult",
    "ImageStatus",
    "Input",
    "JobImage",
    "JobStatus",
    "LinkModifier",
    "MatchJob",
    "MatchJobResult",
    "MatchTarget",
    "RecognizeJob",
    "RecognizedImage",
    "RegisteredEvent",
    "RegisteredWebhook",
    "SortOrder",
    "Target",
    "Verify",
]


class ImageStatus(StrEnum):
    """What became of one picture of a job."""

    IN_PROGRESS = "IN_PROGRESS"
    """The server is at work."""
    COMPLETED_SUCCESSFULLY = "COMPLETED_SUCCESSFULLY"
    """The picture was looked at."""
    UNKNOWN_ERROR = "UNKNOWN_ERROR"
    """The service does not say what went wrong."""
    JOB_ERROR = "JOB_ERROR"
    """The job as a whole failed."""
    IMAGE_DOWNLOAD_ERROR = "IMAGE_DOWNLOAD_ERROR"
    """The picture could not be fetched from its URL."""
    INVALID_IMAGE_FORMAT_ERROR = "INVALID_IMAGE_FORMAT_ERROR"
    """What came is no picture, or of a format that is not read."""
    SPIDERWEBS_ERROR = "SPIDERWEBS_ERROR"
    """Cobwebs over the lens."""
    DETECTION_ENGINE_ERROR = "DETECTION_ENGINE_ERROR"
    """The detector failed."""
    MODEL_SERVICE_ERROR = "MODEL_SERVICE_ERROR"
    """No model could answer; on our own server also a class that its model does not know."""
    MALFORMED_MESSAGE_ERROR = "MALFORMED_MESSAGE_ERROR"
    """The service could not read its own message."""


class JobStatus(StrEnum):
    """How far a job has come."""

    IN_PROGRESS = "IN_PROGRESS"
    """The server is at work."""
    COMPLETED_SUCCESSFULLY = "COMPLETED_SUCCESSFULLY"
    """Every picture was looked at."""
    COMPLETED_PARTIAL_ERROR = "COMPLETED_PARTIAL_ERROR"
    """Some pictures could not be looked at; the others have results."""
    COMPLETED_ALL_ERROR = "COMPLETED_ALL_ERROR"
    """No picture could be looked at."""


class LinkModifier(StrEnum):
    """Who tied a group to an identity."""

    MANUAL = "MANUAL"
    """Somebody, by hand."""
    ML = "ML"
    """The model."""
    HITL = "HITL"
    """A human of the service."""


class FeedbackCode(StrEnum):
    """In which way a result was wrong."""

    FALSE_POSITIVE = "FALSE_POSITIVE"
    """Something was found that is not there."""
    FALSE_NEGATIVE = "FALSE_NEGATIVE"
    """Something was not found that is there."""


class EventName(StrEnum):
    """What happened."""

    IDENTITY_CREATED = "IDENTITY_CREATED"
    """Somebody new is known."""
    IDENTITY_UPDATED = "IDENTITY_UPDATED"
    """What is known of somebody has changed."""


class GaveUpReason(StrEnum):
    """Why a job will have no result."""

    job_lost = "job_lost"
    """The API does not know the job any more."""
    never_ended = "never_ended"
    """It was not done within 30 days."""


class Verify(StrEnum):
    """Whether a human should check what was found."""

    NEVER = "NEVER"
    """Never."""
    AUTO = "AUTO"
    """Where the service is not certain."""
    ALWAYS = "ALWAYS"
    """Always."""


class SortOrder(StrEnum):
    """In which order of their making rows come."""

    ASC = "ASC"
    """The oldest first."""
    DESC = "DESC"
    """The newest first."""


class Input(Struct, kw_only=True, rename="camel", gc=False):
    """One of the caller's pictures."""

    index: int
    """Its place in the list that was passed in, from 0."""
    source: str
    """What was passed in: a URL, or the file's name; empty where it is not known (a resumed job)."""


class DetectJobImage(ImageNames, Struct, kw_only=True, rename="camel", gc=False):
    """A picture that was chosen for a class."""

    id: str | None = None
    """The service's name for the picture."""
    url: str | None = None
    """Where it was fetched; absent for one that was sent along."""
    proxy_url: str | None = None
    """Where the service keeps it."""
    custom_id: str | None = None
    """The caller's name for it."""
    confidence: float | None = None
    """How sure the service is, 0 to 1."""
    input: Input | None = None
    """Which of the caller's pictures it is, where that is certain."""


class DetectJobResult(Struct, kw_only=True, rename="camel", gc=False):
    """The picture that was chosen for a class."""

    class_: str = field(name="class")
    """The class."""
    image: DetectJobImage | None = None
    """The picture; absent where the class was found in none."""
    hitl: bool | None = None
    """Whether a human checked it."""


class BoundingBox(Struct, kw_only=True, rename="camel", gc=False):
    """A rectangle in a picture, origin at the top left.

    The API has been seen to write pixels in one place and fractions of the picture in another, so the unit is
    whatever the server sent. Our own server writes pixels of the upright picture."""

    x_min: float
    """Left edge."""
    y_min: float
    """Top edge."""
    x_max: float
    """Right edge."""
    y_max: float
    """Bottom edge."""


class DetectedObject(Struct, kw_only=True, rename="camel", gc=False):
    """One object in one picture."""

    class_: str = field(name="class")
    """What it is."""
    confidence: float
    """How sure the service is, 0 to 1."""
    verdict: bool | None = None
    """Whether the service is certain."""
    bounding_box: BoundingBox | None = None
    """Where in the picture it is, where that was asked for and the server says it."""


class DetectImageResult(DetectImageNames, Struct, kw_only=True, rename="camel", gc=False):
    """What became of one picture."""

    id: str | None = None
    """The service's name for the picture."""
    url: str | None = None
    """Where it was fetched; absent for one that was sent along."""
    proxy_url: str | None = None
    """Where the service keeps it."""
    custom_id: str | None = None
    """The caller's name for it."""
    objects: list[DetectedObject]
    """What was found in it."""
    status: str
    """What became of it. An `ImageStatus`, or a text that this version does not know."""
    input: Input | None = None
    """Which of the caller's pictures it is, where that is certain."""


class DetectJob(DetectResults, Struct, kw_only=True, rename="camel", dict=True):
    """A detect job: under way, or with its results."""

    id: str
    """The service's name for the job."""
    job_results: list[DetectJobResult]
    """One for each class that was asked for; empty until the job is done."""
    image_results: list[DetectImageResult]
    """One for each picture, in no promised order."""
    created_at: int | None = None
    """When the job was made, by the service's clock. UNIX time in milliseconds."""
    status: str
    """How far it has come. A `JobStatus`, or a text that this version does not know."""
    custom_id: str | None = None
    """The name that the job was given when it was made, by the caller or else by us."""
    feed_id: str | None = None
    """Which camera or source the pictures came from."""
    webhook_url: str | None = None
    """Where the service posts the finished job."""


class MatchTarget(Struct, kw_only=True, rename="camel", gc=False):
    """What a match job looked for."""

    class_: str = field(name="class")
    """What sort of thing it is, such as `dog`."""
    custom_id: str | None = None
    """The caller's name for it."""
    images: list[str]
    """The pictures that show it, as URLs."""


class JobImage(ImageNames, Struct, kw_only=True, rename="camel", gc=False):
    """A picture that was chosen as the answer of a job."""

    id: str | None = None
    """The service's name for the picture."""
    url: str | None = None
    """Where it was fetched; absent for one that was sent along."""
    proxy_url: str | None = None
    """Where the service keeps it."""
    custom_id: str | None = None
    """The caller's name for it."""
    input: Input | None = None
    """Which of the caller's pictures it is, where that is certain."""


class MatchJobResult(Struct, kw_only=True, rename="camel", gc=False):
    """The target of a match job, and the picture that shows it."""

    target: MatchTarget | None = None
    """What was looked for."""
    image: JobImage | None = None
    """The picture; absent where none shows the target."""
    hitl: bool | None = None
    """Whether a human checked it."""


class ImageResult(ImageNames, Struct, kw_only=True, rename="camel", gc=False):
    """What became of one picture of a match or ask job."""

    id: str | None = None
    """The service's name for the picture."""
    url: str | None = None
    """Where it was fetched; absent for one that was sent along."""
    proxy_url: str | None = None
    """Where the service keeps it."""
    custom_id: str | None = None
    """The caller's name for it."""
    status: str
    """What became of it. An `ImageStatus`, or a text that this version does not know."""
    input: Input | None = None
    """Which of the caller's pictures it is, where that is certain."""


class MatchJob(MatchResults, Struct, kw_only=True, rename="camel", dict=True):
    """A match job: under way, or with its result."""

    id: str
    """The service's name for the job."""
    job_results: MatchJobResult
    """What was found; empty until the job is done."""
    image_results: list[ImageResult]
    """One for each picture, in no promised order."""
    created_at: int | None = None
    """When the job was made, by the service's clock. UNIX time in milliseconds."""
    status: str
    """How far it has come. A `JobStatus`, or a text that this version does not know."""
    custom_id: str | None = None
    """The name that the job was given when it was made, by the caller or else by us."""
    feed_id: str | None = None
    """Which camera or source the pictures came from."""
    webhook_url: str | None = None
    """Where the service posts the finished job."""


class AskExamples(Struct, kw_only=True, rename="camel", gc=False):
    """Pictures for which the answer to a question is known."""

    yes: list[str] | None = None
    """URLs of pictures for which it is yes."""
    no: list[str] | None = None
    """URLs of pictures for which it is no."""


class AskJobResult(Struct, kw_only=True, rename="camel", gc=False):
    """The answer of an ask job."""

    image: JobImage | None = None
    """A picture for which the answer is yes; absent where it is no for all of them."""


class AskJob(AskResults, Struct, kw_only=True, rename="camel", dict=True):
    """An ask job: under way, or with its answer."""

    id: str
    """The service's name for the job."""
    question: str
    """What was asked."""
    examples: AskExamples | None = None
    """Pictures for which the answer is known, where some were given."""
    job_results: AskJobResult
    """The answer; empty until the job is done."""
    image_results: list[ImageResult]
    """One for each picture, in no promised order."""
    created_at: int | None = None
    """When the job was made, by the service's clock. UNIX time in milliseconds."""
    status: str
    """How far it has come. A `JobStatus`, or a text that this version does not know."""
    custom_id: str | None = None
    """The name that the job was given when it was made, by the caller or else by us."""
    feed_id: str | None = None
    """Which camera or source the pictures came from."""
    webhook_url: str | None = None
    """Where the service posts the finished job."""


class Face(Struct, kw_only=True, rename="camel", gc=False):
    """One face in one picture."""

    identity_id: str | None = None
    """Whose it is: the id of an identity; absent where it is nobody's yet."""
    confidence: float
    """How sure the service is, 0 to 1."""
    bounding_box: BoundingBox | None = None
    """Where in the picture it is."""
    created_at: int | None = None
    """When it was found, by the service's clock. UNIX time in milliseconds."""


class RecognizedImage(ImageNames, Struct, kw_only=True, rename="camel", gc=False):
    """A picture of a recognize job, with the faces in it."""

    id: str | None = None
    """The service's name for the picture."""
    url: str | None = None
    """Where it was fetched; absent for one that was sent along."""
    proxy_url: str | None = None
    """Where the service keeps it."""
    custom_id: str | None = None
    """The caller's name for it."""
    status: str | None = None
    """What became of it, where the server says it. An `ImageStatus`, or a text that this version does not know."""
    objects: list[Face]
    """The faces in it."""
    input: Input | None = None
    """Which of the caller's pictures it is, where that is certain."""


class RecognizeJob(RecognizeResults, Struct, kw_only=True, rename="camel", dict=True):
    """A recognize job: under way, or with the faces that were found."""

    id: str
    """The service's name for the job."""
    images: list[RecognizedImage]
    """One for each picture, in no promised order."""
    created_at: int | None = None
    """When the job was made, by the service's clock. UNIX time in milliseconds."""
    status: str
    """How far it has come. A `JobStatus`, or a text that this version does not know."""
    custom_id: str | None = None
    """The name that the job was given when it was made, by the caller or else by us."""
    feed_id: str | None = None
    """Which camera or source the pictures came from."""
    webhook_url: str | None = None
    """Where the service posts the finished job."""


class FaceImage(AsItCame, Struct, kw_only=True, rename="camel", dict=True):
    """A picture of one face."""

    id: str | None = None
    """The service's name for it."""
    custom_id: str | None = None
    """The caller's name for the picture that it is part of."""
    feed_id: str | None = None
    """Which camera or source the picture came from."""
    identity_id: str | None = None
    """Whose face it is; absent where it is nobody's yet."""
    url: str | None = None
    """Where the picture is."""
    bounding_box: BoundingBox | None = None
    """Where in the picture the face is."""
    bounding_box_confidence: float | None = None
    """How sure the service is of that, 0 to 1."""
    type: str | None = None
    """What it is a picture of: `FACE`."""
    group_id: str | None = None
    """The group that it belongs to."""
    is_frontal: bool | None = None
    """Whether the face is seen from the front."""
    sharpness: float | None = None
    """How sharp it is; the more, the sharper."""
    width: float | None = None
    """How wide it is, in pixels."""
    height: float | None = None
    """How high it is, in pixels."""
    created_at: int | None = None
    """When it was made, by the service's clock. UNIX time in milliseconds."""


class Identity(AsItCame, Struct, kw_only=True, rename="camel", dict=True):
    """Somebody, as the service knows them: by pictures of their face."""

    id: str
    """The service's name for it."""
    custom_id: str | None = None
    """The caller's name for it."""
    images: list[FaceImage]
    """The pictures of their face."""
    namespace: str | None = None
    """The namespace in which it is kept."""
    created_at: int | None = None
    """When it was made, by the service's clock. UNIX time in milliseconds."""


class FaceGroup(AsItCame, Struct, kw_only=True, rename="camel", dict=True):
    """Faces that the service takes for those of one person."""

    id: str | None = None
    """The service's name for it."""
    identity_id: str | None = None
    """Whose faces they are; absent where that is not known."""
    batch_id: str | None = None
    """The recognize job, or the like, in which it was made."""
    namespace: str | None = None
    """The namespace in which it is kept."""
    link_modified_by: str | None = None
    """Who tied it to the identity. A `LinkModifier`, or a text that this version does not know."""
    link_last_modified_at: int | None = None
    """When that was, by the service's clock. UNIX time in milliseconds."""
    created_at: int | None = None
    """When it was made, by the service's clock. UNIX time in milliseconds."""
    images: list[FaceImage]
    """The pictures of the faces."""


class FeedbackClass(Struct, kw_only=True, rename="camel", gc=False):
    """A class about which a detect job was wrong."""

    class_: str = field(name="class")
    """The class."""
    code: str
    """In which way. A `FeedbackCode`, or a text that this version does not know."""


class Feedback(AsItCame, Struct, kw_only=True, rename="camel", dict=True):
    """Feedback that the service has taken."""

    id: str
    """The service's name for it."""
    job_id: str | None = None
    """The detect job that it is about."""
    classes: list[FeedbackClass]
    """The classes about which the job was wrong."""
    created_at: int | None = None
    """When it was given, as the caller said. UNIX time in milliseconds."""


class RegisteredWebhook(WithSecret, Struct, kw_only=True, rename="camel", dict=True):
    """A webhook that was registered for an organisation's application.

    Its secret is no part of this, so that it is not printed."""

    id: str
    """The service's name for it."""
    url: str | None = None
    """Where the service posts events."""
    application: str | None = None
    """The application whose events they are."""
    organization_id: str | None = None
    """The organisation whose application it is."""
    created_at: int | None = None
    """When it was registered, by the service's clock. UNIX time in milliseconds."""


class RegisteredEvent(AsItCame, Struct, kw_only=True, rename="camel", dict=True):
    """An event that a registered webhook brought.

    The documents do not show its body, so much is read past: `raw` has all of it."""

    event: str
    """What happened: `event` of the body, else its `eventType` or `type`. An `EventName`, or a text that this
    version does not know."""
    created_at: int | None = None
    """When it happened, by the service's clock. UNIX time in milliseconds."""
    identity: Identity | None = None
    """Whom it is about, where that can be told."""


class GaveUp(AsItCame, Struct, kw_only=True, rename="camel", dict=True):
    """The end of one of our own jobs that will have no result: an inbox says so in its place, once."""

    rid: str
    """Our own name for the job, 32 hex digits."""
    kind: str
    """What the job does: `detect`, `match`, `ask` or `recognize`."""
    namespace: str | None = None
    """The namespace of a recognize job."""
    id: str | None = None
    """The service's name for the job, where it was ever known."""
    custom_id: str | None = None
    """The customId that the job carried."""
    reason: str
    """Why. A `GaveUpReason`, or a text that this version does not know."""
    submitted_at: int | None = None
    """When the job was sent, by the inbox's clock. UNIX time in milliseconds."""
    gave_up_at: int | None = None
    """When it was given up, by the inbox's clock. UNIX time in milliseconds."""


class ExclusionZones(Struct, rename="camel"):
    """Cells of a square grid, laid evenly over the picture, in which a class is not looked for."""

    zones: list[list[int]]
    """Rows from the top, each from the left: 1 leaves the cell out, 0 keeps it."""
    type: str = "GRID"
    """Always `GRID`."""
    size: int = 64
    """The finest grid the service may use: 16, 32, 64 or 128."""


class DetectClass(Struct, rename="camel"):
    """A class to look for."""

    class_: str = field(name="class")
    """Its name, such as `person`."""
    verify: str = "AUTO"
    """Whether a human should check. A `Verify`."""
    exclusion_zones: ExclusionZones | None = None
    """Parts of the picture in which it is not looked for."""


class Target(Struct, rename="camel"):
    """What a match job looks for: a class, and pictures that show this one of it."""

    class_: str = field(name="class")
    """What sort of thing it is, such as `dog`."""
    images: list[str]
    """1 to 3 URLs of pictures that show it."""
    custom_id: str | None = None
    """Your own name for it, at most 64 characters."""


class Examples(Struct, rename="camel"):
    """Pictures for which the answer to an ask job's question is known."""

    yes: list[str] | None = None
    """1 to 3 URLs of pictures for which it is yes."""
    no: list[str] | None = None
    """1 to 3 URLs of pictures for which it is no."""
