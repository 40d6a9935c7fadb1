"""Canonical JSON to models. Loaded with the first result."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from msgspec.json import Decoder

from . import models
from ._results import AsItCame

M = TypeVar("M", bound=AsItCame)
Answer = tuple[bytes, bytes]

# By what core says it is, in a word.
MODELS: dict[str, type[AsItCame]] = {
    "detect": models.DetectJob,
    "match": models.MatchJob,
    "ask": models.AskJob,
    "recognize": models.RecognizeJob,
    "event": models.RegisteredEvent,
    "gave_up": models.GaveUp,
}


class _Decoders(dict[type, Callable[[bytes], Any]]):
    """What reads a model, made when it is first needed."""

    def __missing__(self, model: type) -> Callable[[bytes], Any]:
        self[model] = Decoder(model).decode
        return self[model]


DECODERS = _Decoders()


def one(model: type[M], answer: Answer) -> M:
    """What core has judged, with the bytes as they came."""
    json, raw = answer
    read: M = DECODERS[model](json)
    read.raw = raw
    return read


def many(model: type[M], answers: Iterable[Answer]) -> list[M]:
    """A list of those."""
    return [one(model, answer) for answer in answers]


def job(kind: str, answer: Answer) -> Any:
    """A job of a kind."""
    return one(MODELS[kind], answer)


def jobs(kind: str, answers: Iterable[Answer]) -> Any:
    """Jobs of a kind."""
    return many(MODELS[kind], answers)


def webhook(registered: tuple[Answer, str | None]) -> models.RegisteredWebhook:
    """A webhook that was registered, with its secret beside it."""
    (json, _), secret = registered
    read: models.RegisteredWebhook = DECODERS[models.RegisteredWebhook](json)
    read.secret_key = secret
    return read
