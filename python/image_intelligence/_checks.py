"""What every argument is asked before it crosses the border."""

from itertools import islice

from .errors import InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .errors import ImageIntelligenceError

CEILING = 1024
"""More pictures or classes than anyone may send. How many one may is core's business; this is where an endless iterable
ends."""


def named(value: object) -> str:
    """What was given, in a word."""
    return "None" if value is None else type(value).__name__


def text(
    field: str,
    value: object,
    error: "type[ImageIntelligenceError]" = InvalidRequestError,
    malformed: "type[ImageIntelligenceError] | None" = None,
) -> str:
    """The text as a plain `str` of whole characters: msgspec takes no subclass, and Rust no half of a pair."""
    if not isinstance(value, str):
        raise error(f"{field}: text wanted, {named(value)} given")
    plain = str.__str__(value)
    try:
        plain.encode()
    except UnicodeEncodeError as half:
        place = f"character {half.start} is half of a pair (a lone surrogate)"
        raise (malformed or error)(f"{field}: {place}, which cannot be sent; decode the text anew") from None
    return plain


def text_or_none(field: str, value: object, error: "type[ImageIntelligenceError]" = InvalidRequestError) -> str | None:
    """As `text`, of what may be left out."""
    return None if value is None else text(field, value, error)


def listed(field: str, given: object, more: str = "") -> list[object]:
    """The items of an iterable, which may be a generator, and may have no end."""
    try:
        items = iter(given)  # type: ignore[call-overload]
    except TypeError:
        raise InvalidRequestError(f"{field}: a list wanted, {type(given).__name__} given") from None
    taken = list(islice(items, CEILING + 1))
    if len(taken) > CEILING:
        raise InvalidRequestError(f"{field}: more than {CEILING} given{more}")
    return taken


def texts(field: str, given: object) -> list[str]:
    """The texts of a list."""
    if isinstance(given, str):
        raise InvalidRequestError(f"{field}: a list wanted, one str given; put it into [ ]")
    return [text(f"{field}[{index}]", one) for index, one in enumerate(listed(field, given))]
