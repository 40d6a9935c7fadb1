"""A receiver as a WSGI app. Loaded with the first request."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from . import _core

PIECE = 64 << 10
"""How many bytes are read at once."""


def serve(receiver: _core.Receiver, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Answers a request."""
    status, headers, body = _answer(receiver, environ)
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:  # pragma: no cover - there is none such
        phrase = "Answer"
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
    start_response(f"{status} {phrase}", [*pairs, ("content-length", str(len(body)))])
    return [body]


def _answer(receiver: _core.Receiver, environ: dict[str, Any]) -> "_core.Answer":
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    admitted = receiver.admit(environ["REQUEST_METHOD"], path, _headers(environ))
    if not isinstance(admitted, _core.Admitted):
        return admitted
    left = _length(environ)
    read = environ["wsgi.input"].read
    while left is None or left > 0:
        if admitted.seconds_left() <= 0:
            return admitted.late()
        piece = read(PIECE if left is None else min(PIECE, left))
        if not piece:
            break
        if left is not None:
            left -= len(piece)
        refusal = admitted.push(piece)
        if refusal is not None:
            return refusal
    if left:
        return admitted.broken_off()
    return admitted.finish()


def _length(environ: dict[str, Any]) -> int | None:
    """How many bytes the body has; `None` where it ends by itself."""
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isascii() and length.isdigit():
        return int(length)
    return None if environ.get("wsgi.input_terminated") else 0


def _headers(environ: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    pairs = []
    for key, value in environ.items():
        if key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            name = key
        elif key.startswith("HTTP_"):
            name = key[5:]
        else:
            continue
        if value:
            pairs.append((name.replace("_", "-").lower().encode("latin-1"), value.encode("latin-1", "replace")))
    return pairs
