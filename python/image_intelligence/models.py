"""The models of the API, made by `cargo xtask gen` from core's schema: do not edit, run that instead."""

from enum import StrEnum

from msgspec import Struct, field

from ._results import DetectResults, ImageNames

__all__ = [
    "BoundingBox",
    "DetectClass",
    "DetectImageResult",
    "DetectJob",
    "DetectJobImage",
    "DetectJobResult",
    "DetectedObject",
    "ExclusionZones",
    "ImageStatus",
    "Input",
    "JobStatus",
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


class Verify(StrEnum):
    """Whether a human should check what was found."""

    NEVER = "NEVER"
    """Never."""
    AUTO = "AUTO"
    """Where the service is not certain."""
    ALWAYS = "ALWAYS"
    """Always."""


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


class DetectImageResult(ImageNames, Struct, kw_only=True, rename="camel", gc=False):
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
