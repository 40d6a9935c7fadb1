"""The arguments of a call, as they cross the border. What they may say is core's business; this is what they are."""

import msgspec

from ._images import _named, _text
from .errors import ConfigError, InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from .models import DetectClass

DEFAULT_WAIT = 15 * 60.0
"""How long a wait lasts where nothing is said, in seconds."""


def detect_request(
    classes: "Iterable[str | DetectClass]",
    custom_id: str | None,
    feed_id: str | None,
    webhook_url: str | None,
    bounding_boxes: bool,
) -> bytes:
    """The request without its pictures, as JSON."""
    request: dict[str, object] = {"images": [], "classes": _classes(classes)}
    for field, name, value in (
        ("customId", "custom_id", custom_id),
        ("feedId", "feed_id", feed_id),
        ("webhookUrl", "webhook_url", webhook_url),
    ):
        if _text(name, value) is not None:
            request[field] = value
    if not isinstance(bounding_boxes, bool):
        raise InvalidRequestError(f"bounding_boxes: True or False wanted, {_named(bounding_boxes)} given")
    if bounding_boxes:
        request["boundingBox"] = True
    try:
        return msgspec.json.encode(request)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidRequestError(f"the request cannot be written as JSON: {error}") from error


def _classes(classes: "Iterable[str | DetectClass]") -> list[object]:
    if isinstance(classes, str):
        raise InvalidRequestError(f"classes: a list wanted, one str given; pass [{classes!r}]")
    if not hasattr(classes, "__iter__"):
        raise InvalidRequestError(f"classes: a list wanted, {_named(classes)} given")
    wire: list[object] = []
    for index, one in enumerate(classes):
        if isinstance(one, str):
            wire.append({"class": one})
        elif isinstance(one, msgspec.Struct):
            wire.append(one)
        else:
            raise InvalidRequestError(f"classes[{index}]: a str or a DetectClass wanted, {_named(one)} given")
    return wire


def seconds(
    name: str, value: "float | timedelta | None", error: type[ConfigError | InvalidRequestError]
) -> float | None:
    """A duration in seconds; `None` where none is given."""
    if value is None:
        return None
    total = getattr(value, "total_seconds", None)
    number = total() if total is not None else value
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise error(f"{name}: seconds or a timedelta wanted, {_named(value)} given")
    if not 0 <= number <= 1e9:  # a NaN is not
        raise error(f"{name}: {number} given, a number of seconds from 0 to 1000000000 wanted")
    return float(number)
