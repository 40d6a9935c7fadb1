"""The arguments of a call, as they cross the border. What they may say is core's business; this is what they are."""

import os
from collections.abc import Sized

import msgspec

from ._checks import listed, named, text, text_or_none
from .errors import ConfigError, InvalidRequestError

DEFAULT_WAIT = 15 * 60.0
"""How long a wait lasts where nothing is said, in seconds."""


def detect_request(
    classes: object, custom_id: object, feed_id: object, webhook_url: object, bounding_boxes: object
) -> bytes:
    """The request of a detect job without its pictures, as JSON."""
    own: dict[str, object] = {"classes": _classes(classes)}
    if not isinstance(bounding_boxes, bool):
        raise InvalidRequestError(f"bounding_boxes: True or False wanted, {named(bounding_boxes)} given")
    if bounding_boxes:
        own["boundingBox"] = True
    return job_request(own, custom_id, feed_id, webhook_url)


def match_request(target: object, custom_id: object, feed_id: object, webhook_url: object) -> bytes:
    """The request of a match job without its pictures, as JSON."""
    return job_request({"target": written("target", target, "a Target")}, custom_id, feed_id, webhook_url)


def ask_request(question: object, examples: object, custom_id: object, feed_id: object, webhook_url: object) -> bytes:
    """The request of an ask job without its pictures, as JSON."""
    own: dict[str, object] = {"question": text("question", question)}
    if examples is not None:
        own["examples"] = written("examples", examples, "an Examples")
    return job_request(own, custom_id, feed_id, webhook_url)


def job_request(own: dict[str, object], custom_id: object, feed_id: object, webhook_url: object) -> bytes:
    """The request of a job with what is its kind's own."""
    request: dict[str, object] = {"images": [], **own}
    for field, name, value in (
        ("customId", "custom_id", custom_id),
        ("feedId", "feed_id", feed_id),
        ("webhookUrl", "webhook_url", webhook_url),
    ):
        if (plain := text_or_none(name, value)) is not None:
            request[field] = plain
    return msgspec.json.encode(request)


def arguments(**given: object) -> bytes:
    """The arguments of a call by its name, as JSON. What is `None` was not given."""
    return msgspec.json.encode({name: value for name, value in given.items() if value is not None})


def webhook_request(url: object, secret_key: object) -> bytes:
    """The arguments of the registering of a webhook."""
    body = {"url": text("url", url)}
    if secret_key is not msgspec.UNSET:
        # Unsigned for good, for want of a variable: that cannot be taken back.
        if secret_key is None:
            problem = "None given; pass the secret, or leave it out for events that are not signed"
            raise InvalidRequestError(f"secret_key: {problem}")
        body["secretKey"] = text("secret_key", secret_key)
    return arguments(body=body)


def _classes(classes: object) -> list[object]:
    if isinstance(classes, str):
        raise InvalidRequestError(f"classes: a list wanted, one str given; pass [{str.__str__(classes)!r}]")
    if isinstance(classes, msgspec.Struct):
        raise InvalidRequestError(f"classes: a list wanted, one {named(classes)} given; put it into [ ]")
    wire: list[object] = []
    for index, one in enumerate(listed("classes", classes)):
        field = f"classes[{index}]"
        if isinstance(one, str):
            wire.append({"class": text(field, one)})
        else:
            wire.append(written(field, one, "a str or a DetectClass"))
    return wire


def written(field: str, one: object, wanted: str) -> msgspec.Raw:
    """What a caller has put together of our own types, as JSON."""
    if not isinstance(one, msgspec.Struct):
        raise InvalidRequestError(f"{field}: {wanted} wanted, {named(one)} given")
    try:
        return msgspec.Raw(msgspec.json.encode(_plain(field, one)))
    except InvalidRequestError:
        raise
    except (TypeError, ValueError, OverflowError, RecursionError) as error:  # the last of zones that hold themselves
        raise InvalidRequestError(f"{field}: cannot be written as JSON: {error}") from error


def _plain(field: str, value: object) -> object:
    """The value with every text a plain one."""
    if isinstance(value, str):
        return text(field, value)
    if isinstance(value, (list, tuple)) and any(isinstance(item, str) for item in value):
        return [_plain(f"{field}[{index}]", item) for index, item in enumerate(value)]
    if isinstance(value, msgspec.Struct):
        fields = zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
        return {wire: _plain(f"{field}.{wire}", getattr(value, name)) for name, wire in fields}
    return value


def seconds(name: str, value: object, error: type[ConfigError | InvalidRequestError]) -> float | None:
    """A duration in seconds; `None` where none is given."""
    if value is None:
        return None
    total = getattr(value, "total_seconds", None)
    number = total() if total is not None else value
    if isinstance(number, bool) or not hasattr(number, "__float__"):
        raise error(f"{name}: seconds or a timedelta wanted, {named(value)} given")
    try:
        given = float(number)  # a Decimal and a number of numpy are numbers too
    except (ArithmeticError, TypeError, ValueError):
        raise error(f"{name}: a number of seconds from 0 to 1000000000 wanted") from None
    if not 0 <= given <= 1e9:  # a NaN is not
        raise error(f"{name}: {number} given, a number of seconds from 0 to 1000000000 wanted")
    return given


def flag(name: str, value: object) -> bool:
    """A switch."""
    if not isinstance(value, bool):
        raise ConfigError(f"{name}: True or False wanted, {named(value)} given")
    return value


def rate(name: str, value: object) -> float | None:
    """How many in a second; `None` where none is said."""
    if value is None:
        return None
    wanted = "a number above 0 wanted"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigError(f"{name}: {wanted}, {named(value)} given")
    if not 0 < value <= 1e6:  # a NaN is not
        raise ConfigError(f"{name}: {value} given, {wanted}")
    return float(value)


def own_file(name: str, value: object) -> str | None:
    """The path of a file that we keep; `None` where none is said."""
    if value is None:
        return None
    try:
        path = os.fsdecode(value)  # type: ignore[arg-type]
        os.fsencode(path)
    except TypeError:
        raise ConfigError(f"{name}: a path wanted, {named(value)} given") from None
    except UnicodeEncodeError:
        raise ConfigError(f"{name}: {value!r} is no name that a file may have") from None
    if not path:
        raise ConfigError(f"{name}: an empty path given")
    return path


def wait_limit(timeout: object) -> float:
    """The seconds of a wait."""
    given = seconds("timeout", timeout, InvalidRequestError)
    return DEFAULT_WAIT if given is None else given


def count(name: str, value: object, bits: int = 31) -> int | None:
    """A number from 1, where one is given."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**bits:
        given = value if isinstance(value, int) else named(value)
        raise ConfigError(f"{name}: a number from 1 wanted, {given} given")
    return value


def run_settings(
    images: object,
    batch_size: object,
    concurrency: object,
    ordered: object,
    manifest: object,
    timeout: object,
    deliver: object,
) -> dict[str, object]:
    """The settings of a run over many pictures."""
    for name, value in (("batch_size", batch_size), ("concurrency", concurrency)):
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
            given = value if isinstance(value, int) else named(value)
            raise ConfigError(f"{name}: a number from 1 wanted, {given} given")
    if not isinstance(ordered, bool):
        raise ConfigError(f"ordered: True or False wanted, {named(ordered)} given")
    total = len(images) if isinstance(images, Sized) else None
    return {
        "batch_size": batch_size,
        "concurrency": concurrency,
        "ordered": ordered,
        "manifest": own_file("manifest", manifest),
        "timeout": wait_limit(timeout),
        "total": total,
        "deliver": flag("deliver", deliver),
    }
