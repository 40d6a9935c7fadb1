"""The synchronous client."""

import atexit
from collections.abc import Iterable
from datetime import timedelta
from types import TracebackType
from typing import NoReturn, Self

# Under its whole name, so that `typing.get_type_hints` finds what is loaded only when it is asked for.
import image_intelligence

from . import _core
from ._arguments import DEFAULT_WAIT, detect_request, seconds
from ._checks import named, text, text_or_none
from ._images import to_wire
from .errors import ConfigError, InvalidRequestError, ResumeTokenError

# A native thread that asks for the interpreter while it ends would take the whole program down.
atexit.register(_core.leave)


def connect(
    client_id: object, client_secret: object, base_url: object, request_timeout: object, allow_plain_http: object
) -> _core.Client:
    """The native client of both clients."""
    given = {"client_id": client_id, "client_secret": client_secret, "base_url": base_url}
    id_, secret, base = (text_or_none(name, value, ConfigError) for name, value in given.items())
    if not isinstance(allow_plain_http, bool):
        raise ConfigError(f"allow_plain_http: True or False wanted, {named(allow_plain_http)} given")
    limit = seconds("request_timeout", request_timeout, ConfigError)
    if limit == 0:
        raise ConfigError("request_timeout: 0 given, and no request is that fast; leave it out for 60 s")
    return _core.Client(id_, secret, base, limit, allow_plain_http)


class Unpicklable:
    """What holds connections and a secret, neither of which another process may have."""

    __slots__ = ()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} cannot be pickled: pass job.resume_token and make a new client there")


class Client(Unpicklable):
    """Talks to one API. Threads may share it; so may forked children, in which it connects anew.

    `client_id`, `client_secret` and `base_url` that are not given come from the environment's `II_CLIENT_ID`,
    `II_CLIENT_SECRET` and `II_BASE_URL`. `request_timeout` is how long one request may take, in seconds (60).
    `allow_plain_http` allows a base URL with `http://` that is not on this machine: everybody on the way can read the
    token.

    Raises `ConfigError` where something is missing or wrong. Nothing is sent yet.

    >>> from image_intelligence import Client
    >>> with Client(request_timeout=20) as client:
    ...     job = client.detect([b"no picture"], classes=["person"])
    ...     print(job.wait().status)
    COMPLETED_ALL_ERROR
    """

    __slots__ = ("_native",)

    def __init__(
        self,
        *,
        client_id: str | None = None,
        client_secret: str | None = None,
        base_url: str | None = None,
        request_timeout: float | timedelta | None = None,
        allow_plain_http: bool = False,
    ) -> None:
        self._native = connect(client_id, client_secret, base_url, request_timeout, allow_plain_http)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._native.base_url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections. Calls under way, in whichever thread, end with `ClosedError`, and so does what is
        used after that; closing twice does nothing. Jobs go on: their resume tokens stay good."""
        self._native.close()

    def detect(
        self,
        images: "Iterable[image_intelligence.Picture]",
        *,
        classes: "Iterable[image_intelligence.ClassLike]",
        custom_id: str | None = None,
        feed_id: str | None = None,
        webhook_url: str | None = None,
        bounding_boxes: bool = False,
    ) -> "DetectHandle":
        """Asks which classes of objects are in the pictures, and gives the job at once.

        `images` are 1 to 64: a `str` is a URL, a `pathlib.Path` a file, `bytes` a file's content, an `Image` one of
        these with a name of its own. `custom_id` is your name for the job, `feed_id` says which camera the pictures
        are from, and to `webhook_url` the service posts the finished job. With `bounding_boxes` it says where each
        object is, where the server can.

        The job is sent once. Where the answer is lost the job is looked for, for up to 30 s, and `OutcomeUnknownError`
        says that it was not found. A submit that Ctrl-C or `close` ends may have made a job all the same: pass a
        `custom_id` of your own if you must be able to find it.

        >>> from pathlib import Path
        >>> from image_intelligence import Client
        >>> with Client() as client:
        ...     job = client.detect([Path("examples/photos/astronaut.jpg")], classes=["person"], feed_id="hall")
        ...     result = job.wait()
        >>> result.feed_id, result.classes
        ('hall', ['person'])

        An `ExclusionZones` leaves parts of the picture out. Its `zones` are a square matrix, laid evenly over the
        picture: rows from the top, each from the left, of 1 (the class is not looked for there) and 0 (it is). Its
        `size` (16, 32, 64 or 128) is the finest grid that the service may use, and so the most rows that `zones` may
        have; fewer will do.

        >>> from image_intelligence import DetectClass, ExclusionZones
        >>> right_half = ExclusionZones([[0, 1], [0, 1]], size=16)
        >>> with Client() as client:
        ...     classes = [DetectClass("person", exclusion_zones=right_half)]
        ...     job = client.detect([Path("examples/photos/astronaut.jpg")], classes=classes)
        ...     print(job.wait().status)
        COMPLETED_SUCCESSFULLY
        """
        request = detect_request(classes, custom_id, feed_id, webhook_url, bounding_boxes)
        return DetectHandle(self._native.detect(to_wire(images), request))

    def resume(self, token: str) -> "DetectHandle":
        """Takes up a job again by its resume token, in this process or another. Nothing is sent yet.

        The names of files are not in the token: a picture of the result then says by `input.index` which place it had
        in your list, and its `input.source` is empty.

        >>> from image_intelligence import Client
        >>> with Client() as client:
        ...     token = client.detect([b"no picture"], classes=["person"]).resume_token
        ...     print(client.resume(token).wait().is_done)
        True
        """
        return DetectHandle(self._native.resume(text("token", token, malformed=ResumeTokenError)))

    @property
    def detect_jobs(self) -> "DetectJobs":
        """Detect jobs that were made before."""
        return DetectJobs(self._native)


class DetectJobs(Unpicklable):
    """Detect jobs that were made before: `client.detect_jobs`."""

    __slots__ = ("_native",)

    def __init__(self, native: _core.Client) -> None:
        self._native = native

    def get(self, id: str) -> "image_intelligence.DetectJob":
        """The job as it is now. Raises `NotFoundError` where the API does not know it.

        Which files you sent is not known here, nor their place: a picture's `input` is `None`. `resume` knows it.

        >>> from image_intelligence import Client
        >>> with Client() as client:
        ...     job = client.detect([b"no picture"], classes=["person"])
        ...     assert client.detect_jobs.get(job.id).id == job.id
        """
        return decoded(self._native.get(text("id", id)))


class Handle(Unpicklable):
    """What a job's handle says of it, whichever client it is of."""

    __slots__ = ("_native",)

    def __init__(self, native: _core.Job) -> None:
        self._native = native

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"

    @property
    def id(self) -> str:
        """The service's name for the job."""
        return self._native.id

    @property
    def custom_id(self) -> str | None:
        """The name that the job was given, by you or by us; `None` where it was resumed."""
        return self._native.custom_id

    @property
    def created_at(self) -> int:
        """When the job was made, by the service's clock: milliseconds since the UNIX epoch."""
        return self._native.created_at

    @property
    def resume_token(self) -> str:
        """A line of text with which `client.resume(..)` takes the job up again, in any process and any language."""
        return self._native.resume_token


class DetectHandle(Handle):
    """A job that was submitted. Dropping it, or a wait on it, never cancels the job."""

    __slots__ = ()

    def get(self) -> "image_intelligence.DetectJob":
        """The job as it is now, done or not."""
        return decoded(self._native.get())

    def wait(self, timeout: float | timedelta | None = None) -> "image_intelligence.DetectJob":
        """Waits until the job is done, for at most `timeout` seconds (or a timedelta): 15 minutes where none is said.

        A job that ended with errors is a result. Raises `WaitTimeoutError`, which carries a resume token;
        `JobLostError` where the API no longer knows the job; `AuthenticationError` and the like. Whatever may pass,
        passes: a reset, a 503 or a 429 does not end a wait. Ctrl-C does, at once. One last look at the deadline may
        take up to 5 s more.

        >>> from image_intelligence import Client, WaitTimeoutError
        >>> with Client() as client:
        ...     job = client.detect([b"no picture"], classes=["person"])
        ...     try:
        ...         print(job.wait(timeout=30).status)
        ...     except WaitTimeoutError as error:
        ...         print("later:", error.resume_token)
        COMPLETED_ALL_ERROR
        """
        return decoded(self._native.wait(limit_of(timeout)))


def decoded(read: tuple[bytes, bytes]) -> "image_intelligence.DetectJob":
    """The model of what came."""
    from ._decode import detect_job

    return detect_job(*read)


def limit_of(timeout: object) -> float:
    """The seconds of a wait."""
    given = seconds("timeout", timeout, InvalidRequestError)
    return DEFAULT_WAIT if given is None else given
