"""The inbox. Loaded when it is first asked for."""

import os
from collections.abc import Iterable, Iterator
from datetime import timedelta
from types import TracebackType
from typing import Self

# Under its whole name, as in `_client`.
import image_intelligence

from . import _core
from ._arguments import count, flag, seconds
from ._checks import named, text
from ._client import Unpicklable
from ._deliveries import Delivery
from ._entries import Counts, Entry, Pruned, counted, entries, number, numbers, pruned, wanted
from .errors import ConfigError
from .webhooks import CallbackKeys

if hasattr(os, "register_at_fork"):
    # SQLite survives no fork with a file open: a fork waits for what is being written, and it is opened again after it.
    os.register_at_fork(before=_core.at_fork, after_in_parent=_core.forked, after_in_child=_core.forked_off)


def opened(target: object, durations: dict[str, object], counts: dict[str, object], **others: object) -> _core.Inbox:
    """The native inbox of both."""
    settings: dict[str, object] = {name: seconds(name, value, ConfigError) for name, value in durations.items()}
    for name, value in counts.items():
        settings[name] = count(f"inbox: {name}", value)
    keys = others["callback_keys"]
    if keys is not None and not isinstance(keys, CallbackKeys):
        raise ConfigError(f"callback_keys: a CallbackKeys wanted, {named(keys)} given")
    settings["callback_keys"] = None if keys is None else keys._native
    settings["existing"] = flag("existing", others["existing"])
    if isinstance(target, str):
        return _core.Inbox(text("target", target, ConfigError), settings)
    if not isinstance(target, os.PathLike):
        raise ConfigError(f"target: a path or a URL wanted, {named(target)} given")
    return _core.Inbox(target, settings)


class Inbox(Unpicklable):
    """Events that are on the disk, each until a handler is done with it. `for delivery in inbox:` gives them as they
    come, and ends once the inbox is closed.

    Any number of threads may iterate, in any number of processes: each event is in one handler's hands at a time. It is
    handed out again where a handler fails, where its process dies, and where it takes too long.

    A forked child has none of its parent's: each call raises `ClosedError` there. Open it again.

    >>> import hashlib, hmac, tempfile, urllib.request
    >>> from image_intelligence import Inbox, Receiver, RegisteredEvent
    >>> inbox = Inbox.open(tempfile.mkdtemp() + "/inbox.db")  # or postgres://..
    >>> receiver = Receiver(inbox, public_url="https://hooks.acme.com/ii", listen="127.0.0.1:0", secrets=["whsec"])
    >>> body = b'{"event": "IDENTITY_CREATED", "identity": {"id": "i-7"}}'  # as the service posts it
    >>> signature = "sha256=" + hmac.new(b"whsec", body, hashlib.sha256).hexdigest()
    >>> host, port = receiver.address
    >>> request = urllib.request.Request(f"http://{host}:{port}/ii/events", body, {"X-Niro-Signature": signature})
    >>> urllib.request.urlopen(request).status
    200
    >>> for delivery in inbox:
    ...     with delivery:  # acks at the end, nacks where this raises
    ...         match delivery.event:
    ...             case RegisteredEvent(event=name):
    ...                 print(name, delivery.attempt)
    ...             case other:
    ...                 print("not ours:", other)
    ...     break
    IDENTITY_CREATED 1
    >>> inbox.counts().events.done
    1
    >>> receiver.close()
    """

    __slots__ = ("_native",)

    def __init__(self, native: _core.Inbox) -> None:
        """Use `Inbox.open`."""
        self._native = native

    @classmethod
    def open(
        cls,
        target: str | os.PathLike[str],
        *,
        lease: float | timedelta | None = None,
        handler_timeout: float | timedelta | None = None,
        attempts: int | None = None,
        retry_pause: float | timedelta | None = None,
        longest_retry_pause: float | timedelta | None = None,
        prune_bodies_after: float | timedelta | None = None,
        prune_keys_after: float | timedelta | None = None,
        prefetch: int | None = None,
        shutdown_timeout: float | timedelta | None = None,
        callback_keys: "image_intelligence.webhooks.CallbackKeys | None" = None,
        existing: bool = False,
    ) -> Self:
        """Opens the inbox in a file (`inbox.db`) or a database that many machines share (`postgres://user@host/name`);
        where it does not exist yet, it is made.

        Durations are seconds or a timedelta. `lease` is after how long the events of a process that died go to others
        (60 s), and `handler_timeout` for how long a handler may have one (15 minutes). A failed one is handed out
        `attempts` times in all (12), after random pauses up to `retry_pause` (5 s), which double with each attempt up
        to `longest_retry_pause` (1 h). The body of an event is kept for `prune_bodies_after` once it is done (7 days),
        and that it came for `prune_keys_after` (90 days). `prefetch` is how many are leased ahead (1: each counts an
        attempt, should the process die, but more spare a commit for each event), and `shutdown_timeout` for how long
        `close` waits for handlers (25 s). `callback_keys` make and check callback URLs; without them those of
        `II_CALLBACK_KEYS` do, or the inbox's own. With `existing` it is only opened where it exists: for a tool that
        looks into it.

        Raises `ConfigError` where something is wrong, `StoreError` where it cannot be opened.
        """
        durations: dict[str, object] = {
            "lease": lease,
            "handler_timeout": handler_timeout,
            "retry_pause": retry_pause,
            "longest_retry_pause": longest_retry_pause,
            "prune_bodies_after": prune_bodies_after,
            "prune_keys_after": prune_keys_after,
            "shutdown_timeout": shutdown_timeout,
        }
        counts: dict[str, object] = {"attempts": attempts, "prefetch": prefetch}
        return cls(opened(target, durations, counts, callback_keys=callback_keys, existing=existing))

    def __iter__(self) -> Iterator[Delivery]:
        return self

    def __next__(self) -> Delivery:
        """The next event for a handler, as soon as there is one. Ctrl-C ends the wait at once, and nothing is lost."""
        came = self._native.next()
        if came is None:
            raise StopIteration
        return Delivery(came)

    def list(
        self,
        *,
        state: str | None = None,
        kind: str | None = None,
        job: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Entry]:
        """Events, newest first, without their bodies: only those in that `state` (an `EventState`), of that `kind`, of
        that `job` (the service's name for it, or our rid), with a number below `before`; at most `limit`."""
        return entries(self._native.list(wanted(state, kind, job, before, limit)))

    def show(self, seq: int) -> Entry | None:
        """One event and its body, by its number; `None` where there is none."""
        return next(iter(entries(self._native.ask(("entry", [number("seq", seq)])))), None)

    def replay(self, seqs: int | Iterable[int]) -> int:
        """Has events handled again that are done or dead letters, from their first attempt on, by their numbers. Gives
        how many: not those whose body was pruned, nor those that wait for a handler anyway."""
        count: int = self._native.ask(("replay", numbers(seqs)))
        return count

    def replay_dead(self) -> int:
        """Has all dead letters handled again, from their first attempt on. Gives how many."""
        count: int = self._native.ask(("replay_dead", []))
        return count

    def prune(self) -> Pruned:
        """Takes away what is old enough, now; it happens by itself every hour."""
        return pruned(self._native.ask(("prune", [])))

    def counts(self) -> Counts:
        """How many events and jobs there are in each state."""
        return counted(self._native.ask(("counts", [])))

    def add_key(self) -> int:
        """Makes a new key for callback URLs, with which every receiver signs that is opened from now on. The former
        ones still check; of more than four the oldest goes. Gives its id. Raises `ConfigError` where the keys were
        given to the inbox."""
        key_id: int = self._native.ask(("add_key", []))
        return key_id

    def close(self) -> None:
        """Closes the inbox: iterators end, and receivers take nothing more. Waits for handlers that have an event, up
        to `shutdown_timeout`; what is out after that is handed out again when the inbox is opened. Where there is a
        receiver, close that: it closes its inbox too."""
        self._native.ask(("close", []))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
