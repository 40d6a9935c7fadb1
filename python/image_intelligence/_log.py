"""What the Rust side says besides answers and errors, as records of `logging`."""

import _thread
import atexit
import logging
import sys
import threading
from types import BuiltinFunctionType

from . import _core

NAME = "image_intelligence"

# For how long the end of the program waits for a handler that is at it.
FAREWELL = 1.0

# A library prints nothing by itself.
logging.getLogger(NAME).addHandler(logging.NullHandler())

_thread_here: threading.Thread | None = None


def listen() -> None:
    """Takes what the level of our logger lets pass now. The first in a process starts the thread that hands it on."""
    global _thread_here
    if not isinstance(_thread.start_new_thread, BuiltinFunctionType):
        return  # gevent or eventlet makes it a green thread, which would hold up all others for ever
    if not _core.open_log(logging.getLogger(NAME).getEffectiveLevel()):
        return
    _thread_here = threading.Thread(target=_hand_on, name="ii-log", daemon=True)
    try:
        _thread_here.start()
    except RuntimeError:  # the interpreter ends, or there can be no more threads: no reason to fail a call
        _thread_here = None


def _hand_on() -> None:
    while (record := _core.next_record()) is not None:
        target, level, message, fields = record
        try:
            logger = logging.getLogger(f"{NAME}.{target}")
            if logger.isEnabledFor(level):
                logger.log(level, _text(message, fields), extra={"fields": dict(fields)})
        except Exception:
            # A filter that fails, or a handler that does not keep its own failure: the next record is still to come.
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))


def _text(message: str, fields: list[tuple[str, str]]) -> str:
    return " ".join([message, *(f"{name}={_value(value)}" for name, value in fields)])


def _value(value: str) -> str:
    """As it is where that is one word, else quoted: no value looks like another field, or like another line."""
    return value if value.isprintable() and value and " " not in value else repr(value)


def _stop() -> None:
    _core.close_log()
    if _thread_here is not None:
        _thread_here.join(FAREWELL)


# Called before that of `_client`, which lets no thread of ours back into the interpreter, and before that of `logging`.
atexit.register(_stop)
