"""Easy ways through results: what the models mix in."""

from msgspec import Struct

# Under its whole name, as in `_client`.
import image_intelligence

from ._checks import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .models import (
        AskJobResult,
        DetectedObject,
        DetectImageResult,
        DetectJobResult,
        ImageResult,
        Input,
        MatchJobResult,
        RecognizedImage,
    )

_DONE = frozenset(("COMPLETED_SUCCESSFULLY", "COMPLETED_PARTIAL_ERROR", "COMPLETED_ALL_ERROR"))
# A status that nobody has heard of is no error.
_ERRORS = frozenset(
    (
        "UNKNOWN_ERROR",
        "JOB_ERROR",
        "IMAGE_DOWNLOAD_ERROR",
        "INVALID_IMAGE_FORMAT_ERROR",
        "SPIDERWEBS_ERROR",
        "DETECTION_ENGINE_ERROR",
        "MODEL_SERVICE_ERROR",
        "MALFORMED_MESSAGE_ERROR",
    )
)


class ImageNames:
    """The names of a picture."""

    __slots__ = ()

    if TYPE_CHECKING:
        id: str | None
        url: str | None
        proxy_url: str | None
        custom_id: str | None
        input: Input | None

    @property
    def custom_id_or_url(self) -> str:
        """What says most to a person: your custom id, else the URL or file you passed in, else the service's id."""
        source = self.input.source if self.input is not None else None
        return self.custom_id or self.url or source or self.id or ""

    def _may_be(self, other: "ImageNames") -> bool:
        # The first name that both have decides; where they share none, nothing speaks against it.
        if self.id is not None and other.id is not None:
            return self.id == other.id
        if self.input is not None and other.input is not None:
            return self.input.index == other.input.index
        for mine, theirs in (
            (self.custom_id, other.custom_id),
            (self.url, other.url),
            (self.proxy_url, other.proxy_url),
        ):
            if mine is not None and theirs is not None:
                return mine == theirs
        return True


class DetectImageNames(ImageNames):
    """The names of a picture, and what was found in it."""

    __slots__ = ()

    if TYPE_CHECKING:
        objects: list[DetectedObject]

    @property
    def classes(self) -> list[str]:
        """Every class that was found in the picture, in alphabetical order."""
        return sorted({item.class_ for item in self.objects})


class Hit(Struct, frozen=True, kw_only=True):
    """An object of a class in a picture."""

    image: "image_intelligence.DetectImageResult | image_intelligence.DetectJobImage"
    """The picture."""
    confidence: float
    """How sure the service is, 0 to 1; 0 where it does not say."""
    verdict: bool | None = None
    """Whether the service is certain."""
    bounding_box: "image_intelligence.BoundingBox | None" = None
    """Where in the picture it is."""


class FaceHit(Struct, frozen=True, kw_only=True):
    """A face in a picture."""

    image: "image_intelligence.RecognizedImage"
    """The picture."""
    face: "image_intelligence.Face"
    """The face."""


class AsItCame:
    """What is read of the API, and how it came."""

    raw: bytes = b""
    """The JSON as it came, with every field that this version does not know."""


class WithSecret:
    """What has a secret that its `repr` does not show."""

    secret_key: str | None = None
    """With which the webhook's events are signed: yours, or one that the service made up; `None` where they are not."""


class Results(AsItCame):
    """Ways through the results of any job."""

    if TYPE_CHECKING:
        status: str

    @property
    def is_done(self) -> bool:
        """Whether nothing more will come. A job that ended with errors is done too."""
        return self.status in _DONE


class ImageResults(Results):
    """What match and ask jobs have in common."""

    if TYPE_CHECKING:
        image_results: list[ImageResult]

    def errors(self) -> "list[image_intelligence.ImageResult]":
        """The pictures that could not be looked at; one bad picture never sinks the rest."""
        return [image for image in self.image_results if image.status in _ERRORS]


class MatchResults(ImageResults):
    """Ways through the result of a match job."""

    if TYPE_CHECKING:
        job_results: MatchJobResult

    @property
    def matched(self) -> "image_intelligence.JobImage | None":
        """The picture that shows the target, where one does."""
        return self.job_results.image


class AskResults(ImageResults):
    """Ways through the answer of an ask job."""

    if TYPE_CHECKING:
        job_results: AskJobResult

    @property
    def yes(self) -> "image_intelligence.JobImage | None":
        """A picture for which the answer is yes, where there is one."""
        return self.job_results.image


class RecognizeResults(Results):
    """Ways through the faces of a recognize job."""

    if TYPE_CHECKING:
        images: list[RecognizedImage]

    def faces(self) -> list[FaceHit]:
        """Every face that was found, with its picture."""
        return [FaceHit(image=image, face=face) for image in self.images for face in image.objects]

    def errors(self) -> "list[image_intelligence.RecognizedImage]":
        """The pictures that could not be looked at; one bad picture never sinks the rest."""
        return [image for image in self.images if image.status in _ERRORS]


class DetectResults(Results):
    """Ways through the results of a detect job."""

    if TYPE_CHECKING:
        job_results: list[DetectJobResult]
        image_results: list[DetectImageResult]

    @property
    def classes(self) -> list[str]:
        """Every class that was found in some picture, in alphabetical order."""
        found = {item.class_ for image in self.image_results for item in image.objects}
        found.update(result.class_ for result in self.job_results if result.image is not None)
        return sorted(found - {""})

    def found(self, class_: str) -> list[Hit]:
        """Every picture in which the class was found, the surest first.

        >>> from pathlib import Path
        >>> from image_intelligence import Client
        >>> with Client() as client:
        ...     job = client.detect([Path("examples/photos/chelsea.jpg")], classes=["cat"]).wait()
        >>> [f"{hit.image.custom_id_or_url} {hit.confidence:.2f}" for hit in job.found("cat")]
        ['examples/photos/chelsea.jpg 0.54']
        """
        text("found: a class's name", class_)
        hits = [
            Hit(image=image, confidence=item.confidence, verdict=item.verdict, bounding_box=item.bounding_box)
            for image in self.image_results
            for item in image.objects
            if item.class_ == class_
        ]
        # A server may leave out the objects of each picture and name only the one it chose.
        for chosen in self.job_results:
            image = chosen.image
            if chosen.class_ == class_ and image is not None and not any(hit.image._may_be(image) for hit in hits):
                hits.append(Hit(image=image, confidence=image.confidence or 0.0))
        hits.sort(key=lambda hit: -hit.confidence)
        return hits

    def errors(self) -> "list[image_intelligence.DetectImageResult]":
        """The pictures that could not be looked at; one bad picture never sinks the rest."""
        return [image for image in self.image_results if image.status in _ERRORS]
