"""The receiver of webhooks, with a listener of its own or mounted in an app. Loaded when it is first asked for."""

import os
import socket
import weakref
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeAlias

from msgspec import Struct

# Under its whole name, as in `_client`.
import image_intelligence

from . import _core
from ._arguments import count, flag, seconds
from ._checks import named, text_or_none, texts
from ._client import Unpicklable
from .errors import ConfigError

_listening: "weakref.WeakSet[Mounted]" = weakref.WeakSet()


def _let_go() -> None:
    """In a forked child: closes what its parent listens with, which would keep the port when the parent has ended."""
    for receiver in list(_listening):
        number = receiver._native.descriptor()
        if number is not None:
            with suppress(OSError), socket.socket(fileno=number) as mine:
                # By now it may be the number of something else.
                if mine.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 0:
                    mine.detach()
    _listening.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)

AsgiApp: TypeAlias = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]


class ReceiverLimits(Struct, frozen=True, kw_only=True):
    """How much a receiver lets a sender use up: its endpoint is public, and nothing proves who calls. Sizes are in
    bytes, durations seconds or a timedelta.

    >>> ReceiverLimits(max_body=1 << 20).max_body  # jobs of few pictures
    1048576
    """

    max_body: int | None = None
    """The largest body: 4 MiB. More is answered 413, and the job is asked for instead."""
    body_timeout: float | timedelta | None = None
    """How long a body may take: 3 s. More is answered 408."""
    in_flight: int | None = None
    """What all bodies that are not on the disk yet may take: 64 MiB. More is answered 503. At most 4 GiB."""
    answer_timeout: float | timedelta | None = None
    """How long any answer may take: 8 s, as the sender gives up at 10. What is not on the disk by then is answered
    503."""
    connections: int | None = None
    """Of our own listener, how many connections at once: 1,024."""


def _settings(limits: object) -> dict[str, object]:
    if not isinstance(limits, ReceiverLimits):
        raise ConfigError(f"limits: a ReceiverLimits wanted, {named(limits)} given")
    settings: dict[str, object] = {}
    for name in ("max_body", "in_flight", "connections"):
        settings[name] = count(f"limits.{name}", getattr(limits, name), 63)
    for name in ("body_timeout", "answer_timeout"):
        settings[name] = seconds(f"limits.{name}", getattr(limits, name), ConfigError)
    return settings


class Mounted(Unpicklable):
    """A receiver, however it is closed."""

    __slots__ = ("__weakref__", "_native")

    def __init__(
        self,
        inbox: "image_intelligence.Inbox | image_intelligence.AsyncInbox",
        *,
        public_url: str | None = None,
        listen: str | None = None,
        secrets: Iterable[str] = (),
        former_urls: Iterable[str] = (),
        allow_sha1: bool = False,
        accept_foreign: bool = False,
        confirm: bool | None = None,
        limits: ReceiverLimits | None = None,
    ) -> None:
        native = getattr(inbox, "_native", None)
        if not isinstance(native, _core.Inbox):
            raise ConfigError(f"inbox: an Inbox or an AsyncInbox wanted, {named(inbox)} given")
        if confirm is not None:
            flag("confirm", confirm)
        settings: dict[str, object] = {
            "public_url": text_or_none("public_url", public_url, ConfigError),
            "listen": text_or_none("listen", listen, ConfigError),
            "former_urls": texts("former_urls", former_urls),
            "secrets": texts("secrets", secrets),
            "allow_sha1": flag("allow_sha1", allow_sha1),
            "accept_foreign": flag("accept_foreign", accept_foreign),
            "confirm": confirm,
            "limits": _settings(ReceiverLimits() if limits is None else limits),
        }
        self._native = _core.Receiver(native, settings)
        _listening.add(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self.public_url}>"

    @property
    def public_url(self) -> str:
        """The public address, with which each job's own URL begins."""
        return self._native.public_url

    @property
    def address(self) -> tuple[str, int] | None:
        """The host and the port on which it listens; `None` where it has no listener of its own."""
        return self._native.address

    @property
    def asgi(self) -> AsgiApp:
        """The receiver as an ASGI app, to be mounted in one of yours: in FastAPI and Starlette
        `app.mount("/ii", receiver.asgi)`. The body of a request is read only once its token or route is good, and no
        further than it may go."""
        from ._asgi import App

        return App(self._native)

    def wsgi(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        """The receiver as a WSGI app, to be mounted in one of yours: in Flask
        `app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/ii": receiver.wsgi})`. The body of a request is read only
        once its token or route is good, and no further than it may go; a read that blocks is for the server to end, as
        by a worker's time-out."""
        from ._wsgi import serve

        return serve(self._native, environ, start_response)


class Receiver(Mounted):
    """Takes webhooks, and answers 200 once what they brought is on the disk.

    `public_url` is the address at which the service reaches us, such as `https://hooks.acme.com/ii`: each job's own URL
    begins with it. TLS ends in front of the receiver. With `listen`, such as `0.0.0.0:8443` (port 0 takes a free one),
    it has a listener of its own, which answers whatever Python does meanwhile; without, mount `asgi` or `wsgi`. Only a
    listener on a loopback address can do without a public URL.

    `secrets` are those with which a webhook of events was registered that posts to `{public_url}/events`, up to four:
    what is not signed with one is refused; `allow_sha1` takes the old form of signatures too. `former_urls` are up to
    three public addresses of earlier days, whose callback URLs may still be out. `accept_foreign` takes what nobody
    vouches for: jobs that others sent, at `{public_url}/jobs`, and events that are not signed. A job's webhook is only
    a hint until the API itself says the same; `confirm=False` takes its word. `limits` bound what a sender may use up.

    Given to a client, each job from there on brings its own callback URL, and none is lost:

    >>> import tempfile
    >>> from image_intelligence import Client, DetectJob, Inbox, Receiver
    >>> inbox = Inbox.open(tempfile.mkdtemp() + "/inbox.db")
    >>> with Receiver(inbox, listen="127.0.0.1:0") as receiver, Client(webhooks=receiver) as client:
    ...     job = client.detect([b"no picture"], classes=["person"])
    ...     delivery = next(inbox)
    ...     with delivery:
    ...         print(delivery.event.status, delivery.job_id == job.id)
    COMPLETED_ALL_ERROR True

    Raises `ConfigError` where a setting is no good or the address cannot be listened on, `StoreError` where the inbox
    cannot be read, and `ClosedError` in a forked child.
    """

    __slots__ = ()

    def close(self) -> None:
        """Closes so that nothing is lost: takes no more connections, lets requests end and what they brought get to the
        disk, then closes the inbox."""
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
