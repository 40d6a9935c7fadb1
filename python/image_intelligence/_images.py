"""Pictures to send, and how a list of them crosses the border."""

import os
from typing import Literal, TypeAlias

from ._checks import listed, named, text, text_or_none
from .errors import InvalidRequestError

Bytes: TypeAlias = bytes | bytearray | memoryview
Wire: TypeAlias = tuple[Literal["url", "path", "data", "refused"], object, str | None]


class Image:
    """A picture with a name of your own, which comes back with its result.

    `Image(url=..)` is fetched by the service, `Image(path=..)` is a file, read when the job is sent, and
    `Image(data=..)` is the bytes of a file, JPEG or the like, not base64.

    >>> from image_intelligence import Image
    >>> Image(url="https://example.com/street.jpg", custom_id="street")
    Image(url='https://example.com/street.jpg', custom_id='street')
    """

    __slots__ = ("custom_id", "data", "path", "url")

    url: str | None
    path: str | os.PathLike[str] | None
    data: Bytes | None
    custom_id: str | None

    def __init__(
        self,
        *,
        url: str | None = None,
        path: str | os.PathLike[str] | None = None,
        data: Bytes | None = None,
        custom_id: str | None = None,
    ) -> None:
        if sum(source is not None for source in (url, path, data)) != 1:
            raise InvalidRequestError("Image: one of url, path and data wanted")
        self.url = url
        self.path = path
        self.data = data
        self.custom_id = custom_id

    def __repr__(self) -> str:
        given = {
            "url": self.url,
            "path": None if self.path is None else os.fspath(self.path),
            "data": None if self.data is None else f"{len(self.data)} bytes",
            "custom_id": self.custom_id,
        }
        return f"Image({', '.join(f'{name}={value!r}' for name, value in given.items() if value is not None)})"


def to_wire(images: object) -> list[Wire]:
    """What `_core` takes: of each picture what it is, the thing itself, and its custom id."""
    not_one(images)
    return [one_to_wire(index, image) for index, image in enumerate(listed("images", images, ", at most 64 a job"))]


def not_one(images: object) -> None:
    """Refuses one picture where many are wanted."""
    if isinstance(images, (str, bytes, bytearray, memoryview, os.PathLike, Image)):
        raise InvalidRequestError(f"images: a list wanted, one {named(images)} given; put it into [ ]")


def one_to_wire(index: int, image: object) -> Wire:
    """The same of the picture of that place."""
    custom_id = None
    field = f"images[{index}]"
    if isinstance(image, Image):
        custom_id = text_or_none(f"{field}.custom_id", image.custom_id)
        if image.path is not None:
            return "path", _path(field, image.path), custom_id
        image, field = (image.url, f"{field}.url") if image.url is not None else (image.data, f"{field}.data")
        wanted = "text" if field.endswith("url") else "bytes"
        if isinstance(image, str) != (wanted == "text"):
            raise InvalidRequestError(f"{field}: {wanted} wanted, {named(image)} given")
    if isinstance(image, str):
        return "url", text(f"images[{index}].url", image), custom_id
    if isinstance(image, (bytes, bytearray, memoryview)):
        return "data", bytes(image), custom_id
    if isinstance(image, os.PathLike):
        return "path", _path(field, image), custom_id
    raise InvalidRequestError(
        f"{field}: a URL as str, a file as pathlib.Path, bytes, or an Image wanted, {named(image)} given"
    )


def _path(field: str, path: str | os.PathLike[str]) -> str:
    try:
        decoded = os.fsdecode(path)
        os.fsencode(decoded)
    except UnicodeEncodeError:
        raise InvalidRequestError(f"{field}.path: {path!r} is no name that a file may have") from None
    except TypeError:
        raise InvalidRequestError(f"{field}.path: a path wanted, {named(path)} given") from None
    return decoded
