"""The shared case tables of tests/vectors, each case by its name."""

import base64
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from image_intelligence import ImageIntelligenceError

FOLDER = Path(os.environ.get("II_ROOT") or Path(__file__).parents[2]) / "tests" / "vectors"

Case = dict[str, Any]


def load(table: str) -> list[Case]:
    file = json.loads((FOLDER / f"{table}.json").read_text(encoding="utf-8"))
    assert file["table"] == table and file["cases"], f"{table}.json is of another table, or empty"
    cases: list[Case] = file["cases"]
    return cases


def cases(table: str) -> Any:
    """Runs the test once for each case."""
    return pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in load(table)])


def known(case: Case, *fields: str) -> None:
    """Fails on a field that the test would pass over."""
    unknown = set(case) - {"name", *fields}
    assert not unknown, f"fields that this test does not know: {unknown}"


def expand(value: Any) -> Any:
    """Writes out what a table abbreviates."""
    if isinstance(value, dict):
        if "$repeat" in value:
            item = expand(value["$repeat"])
            return item * value["times"] if isinstance(item, str) else [item] * value["times"]
        if "$concat" in value:
            return "".join(expand(part) for part in value["$concat"])
        return {key: expand(item) for key, item in value.items()}
    return [expand(item) for item in value] if isinstance(value, list) else value


def body(case: Case) -> bytes:
    """The body that comes in, in exactly one of four forms."""
    forms: Mapping[str, Callable[[Any], bytes]] = {
        "json": lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(),
        "text": lambda text: str(expand(text)).encode(),
        "base64": base64.b64decode,
        "file": lambda name: (FOLDER / "files" / name).read_bytes(),
    }
    given = [form for form in forms if form in case]
    assert len(given) == 1, f"one body wanted, not {given}"
    return forms[given[0]](case[given[0]])


def differences(place: str, found: Any, expected: Any) -> list[str]:
    """Where the two differ; numbers as numbers, times to the microsecond."""
    if isinstance(found, dict) and isinstance(expected, dict):
        nothing = object()
        differing = []
        for key in sorted({*found, *expected}):
            one, other = found.get(key, nothing), expected.get(key, nothing)
            if nothing in (one, other):
                differing.append(f"{place}.{key}: only in the {'table' if one is nothing else 'answer'}")
            else:
                differing += differences(f"{place}.{key}", one, other)
        return differing
    if isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        pairs = enumerate(zip(found, expected, strict=True))
        return [line for at, (one, other) in pairs for line in differences(f"{place}[{at}]", one, other)]
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (found, expected)):
        same = abs(found - expected) <= (0.001 if place.endswith("_ms") else 0)
    else:
        same = type(found) is type(expected) and found == expected
    return [] if same else [f"{place}: {found!r} instead of {expected!r}"]


def same(found: Any, expected: Any) -> None:
    assert not differences("", found, expected)


def refused(error: BaseException, expected: Case) -> None:
    assert isinstance(error, ImageIntelligenceError)
    assert error.kind == expected["kind"]
    assert str(error) == error.message
    for words in expected.get("contains", []):
        assert words in error.message
    if "reason" in expected:
        assert error.reason == expected["reason"]
