"""The models of the API, made by `cargo xtask gen` from core's schema: do not edit, run that instead."""

from enum import StrEnum

from msgspec import Struct, field

from ._results import AsItCame

__all__ = [
    "Glass",
    "Level",
    "PourClass",
    "PourJob",
]


class Level(StrEnum):
    """How full."""

    HALF = "HALF"
    """Half of it."""
    FULL = "FULL"


class Glass(Struct, kw_only=True, rename="camel", gc=False):
    """A glass."""

    class_: str = field(name="class")
    """What is in it."""
    fill: float
    """0 to 1."""
    dry: bool | None = None
    """Whether it is dry."""


class PourJob(AsItCame, Struct, kw_only=True, rename="camel", dict=True):
    """A job of a made-up kind, whose docs are so long that they do not stand on one line of the width that the house
    keeps to, and name `Level`.

    A second paragraph."""

    id: str
    """Its name."""
    glasses: list[Glass] | None = None
    """One each."""
    created_at: int | None = None
    """When it was made. UNIX time in milliseconds."""
    status: str
    """How far it is. A `Level`, or a text that this version does not know."""


class PourClass(Struct, rename="camel"):
    """What to pour."""

    class_: str = field(name="class")
    """What."""
    rows: list[list[int]]
    """Where."""
    level: str | None = None
    """How full to pour. A `Level`."""
    size: int = 64
    """In millilitres."""
    of: str = "GLASS"
    """Always `GLASS`."""
