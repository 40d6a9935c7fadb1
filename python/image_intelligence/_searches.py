"""What searches ask for, as it crosses the border. Loaded with the first search."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TypeAlias, TypedDict

from ._arguments import arguments
from ._checks import named, text, text_or_none, texts
from .errors import InvalidRequestError

Moment: TypeAlias = int | datetime
"""A moment: milliseconds since the UNIX epoch, or a datetime with a time zone."""


class RecognitionSearch(TypedDict, total=False):
    """What a search of `client.recognition(..)` may ask for. Every condition that is given must hold.

    `None` for `feed_ids` or `custom_ids` means those that have none; left out, it means any.
    """

    limit: int
    """At most so many, 1 to 100: 20 where it is left out."""
    offset: int
    """How many to pass over, 0 to 100. Not with `all`."""
    start: Moment
    """Made at this moment or later: milliseconds since the UNIX epoch, or a datetime with a time zone."""
    end: Moment
    """Made at this moment or before."""
    sort_by: str
    """`ASC`, the oldest first, or `DESC`, the newest first, which is so where it is left out. A `SortOrder`."""
    ids: Iterable[str]
    """Only those of these ids, at most 100."""
    feed_ids: Iterable[str] | None
    """Only those of these cameras or sources, at most 20."""
    custom_ids: Iterable[str] | None
    """Only those with one of your names, at most 20."""


def job_search(custom_id: object, feed_id: object, before: object, after: object) -> bytes:
    """The arguments of a search for jobs."""
    search = {
        "customId": text_or_none("custom_id", custom_id),
        "feedId": text_or_none("feed_id", feed_id),
        "before": _moment("before", before),
        "after": _moment("after", after),
    }
    return arguments(body=search)


def recognition_search(namespace: str, search: Mapping[str, object]) -> bytes:
    """The arguments of a search of recognition."""
    body: dict[str, object] = {}
    for name, value in search.items():
        if name not in _READ:
            raise TypeError(f"a search takes {', '.join(_READ)}, not {name!r}")
        wire, read = _READ[name]
        # Only of these two does None say something.
        if value is not None or name in ("feed_ids", "custom_ids"):
            body[wire] = None if value is None else read(name, value)
    return arguments(namespace=namespace, body=body)


def _moment(name: str, value: object) -> int | None:
    if value is None:
        return None
    wanted = "milliseconds since the UNIX epoch or a datetime with a time zone wanted"
    if not isinstance(value, datetime):
        if isinstance(value, bool) or not isinstance(value, int):
            raise InvalidRequestError(f"{name}: {wanted}, {named(value)} given")
        if not 100_000_000 <= value <= 2**53:  # what is small is taken for seconds
            raise InvalidRequestError(f"{name}: {wanted}, a number that is no such moment given")
        return value
    if value.tzinfo is None:
        raise InvalidRequestError(f"{name}: {wanted}, a datetime without a time zone given")
    # A smaller number would be taken for seconds. Nothing was made before 1973, so that all of that time is one moment.
    return max(round(value.timestamp() * 1000), 100_000_000_000)


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidRequestError(f"{name}: a whole number wanted, {named(value)} given")
    if abs(value) > 2**53:
        raise InvalidRequestError(f"{name}: a number beyond 2**53 given, 0 to 100 wanted")
    return value


_READ: dict[str, tuple[str, Callable[[str, object], object]]] = {
    "limit": ("limit", _whole),
    "offset": ("offset", _whole),
    "start": ("start", _moment),
    "end": ("end", _moment),
    "sort_by": ("sortBy", text),
    "ids": ("ids", texts),
    "feed_ids": ("feedIds", texts),
    "custom_ids": ("customIds", texts),
}
