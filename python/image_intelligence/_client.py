"""The synchronous client."""

import atexit
import os
from collections.abc import Iterable
from datetime import timedelta
from types import TracebackType
from typing import NoReturn, Self

from msgspec import UNSET, UnsetType

# Under its whole name, so that `typing.get_type_hints` finds what is loaded only when it is asked for.
import image_intelligence

from . import _core
from ._arguments import (
    arguments,
    ask_request,
    detect_request,
    flag,
    job_request,
    match_request,
    own_file,
    rate,
    seconds,
    webhook_request,
)
from ._checks import named, text, text_or_none
from ._images import to_wire
from ._many import Many
from .errors import ConfigError, ResumeTokenError

# A native thread that asks for the interpreter while it ends would take the whole program down.
atexit.register(_core.leave)


def connect(
    client_id: object,
    client_secret: object,
    base_url: object,
    request_timeout: object,
    allow_plain_http: object,
    requests_per_second: object,
    journal: object,
    webhooks: object,
) -> _core.Client:
    """The native client of both clients."""
    given = {"client_id": client_id, "client_secret": client_secret, "base_url": base_url}
    id_, secret, base = (text_or_none(name, value, ConfigError) for name, value in given.items())
    if not isinstance(allow_plain_http, bool):
        raise ConfigError(f"allow_plain_http: True or False wanted, {named(allow_plain_http)} given")
    limit = seconds("request_timeout", request_timeout, ConfigError)
    if limit == 0:
        raise ConfigError("request_timeout: 0 given, and no request is that fast; leave it out for 60 s")
    often = rate("requests_per_second", requests_per_second)
    receiver = getattr(webhooks, "_native", None)
    if webhooks is not None and not isinstance(receiver, _core.Receiver):
        raise ConfigError(f"webhooks: a Receiver or an AsyncReceiver wanted, {named(webhooks)} given")
    return _core.Client(id_, secret, base, limit, allow_plain_http, often, own_file("journal", journal), receiver)


class Unpicklable:
    """What holds connections and a secret, neither of which another process may have."""

    __slots__ = ()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} cannot be pickled: pass job.resume_token and make a new client there")


class Client(Many, Unpicklable):
    """Talks to one API. Threads may share it; so may forked children, in which it connects anew.

    `client_id`, `client_secret` and `base_url` that are not given come from the environment's `II_CLIENT_ID`,
    `II_CLIENT_SECRET` and `II_BASE_URL`. `request_timeout` is how long one request may take, in seconds (60).
    `allow_plain_http` allows a base URL with `http://` that is not on this machine: everybody on the way can read the
    token. `requests_per_second` is how often waits look at their jobs in all, once more than a few are open (2): with
    more, results come a little sooner. `journal` is a file in which each submit is written down, so that a crash
    between a request and its answer loses no job and makes none twice: `recover` says at the next start what became of
    each. One client has it open at a time, and that of a forked child is another. With a receiver as `webhooks` each
    job without a `webhook_url` of yours brings a callback URL of its own, its result comes to the receiver's inbox even
    if every webhook is lost, and a wait takes whichever comes first; such a client is of no use in a forked child.

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
        requests_per_second: float | None = None,
        journal: str | os.PathLike[str] | None = None,
        webhooks: "image_intelligence.Receiver | image_intelligence.AsyncReceiver | None" = None,
    ) -> None:
        self._native = connect(
            client_id,
            client_secret,
            base_url,
            request_timeout,
            allow_plain_http,
            requests_per_second,
            journal,
            webhooks,
        )

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
        deliver: bool = True,
        bounding_boxes: bool = False,
    ) -> "image_intelligence.DetectHandle":
        """Asks which classes of objects are in the pictures, and gives the job at once.

        `images` are 1 to 64: a `str` is a URL, a `pathlib.Path` a file, `bytes` a file's content, an `Image` one of
        these with a name of its own. `custom_id` is your name for the job, `feed_id` says which camera the pictures
        are from, and to `webhook_url` the service posts the finished job. With `bounding_boxes` it says where each
        object is, where the server can. Of a client with a receiver, `deliver=False` keeps the job from the handlers of
        its inbox: only waits are told of its end.

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
        from ._handles import DetectHandle

        request = detect_request(classes, custom_id, feed_id, webhook_url, bounding_boxes)
        return DetectHandle(self._native.submit(("detect", None), to_wire(images), request, flag("deliver", deliver)))

    def match(
        self,
        images: "Iterable[image_intelligence.Picture]",
        target: "image_intelligence.Target",
        *,
        custom_id: str | None = None,
        feed_id: str | None = None,
        webhook_url: str | None = None,
        deliver: bool = True,
    ) -> "image_intelligence.MatchHandle":
        """Asks which of the pictures shows a target: this one of a class, as 1 to 3 other pictures show it.

        Everything else is as `detect` says.

        >>> from pathlib import Path
        >>> from image_intelligence import Client, Target
        >>> rex = Target("dog", ["https://example.com/rex.jpg"], custom_id="rex")
        >>> with Client() as client:
        ...     job = client.match([Path("examples/photos/chelsea.jpg")], rex).wait()
        >>> print(job.matched.custom_id_or_url if job.matched else "not seen")
        examples/photos/chelsea.jpg
        """
        from ._handles import MatchHandle

        request = match_request(target, custom_id, feed_id, webhook_url)
        return MatchHandle(self._native.submit(("match", None), to_wire(images), request, flag("deliver", deliver)))

    def ask(
        self,
        images: "Iterable[image_intelligence.Picture]",
        question: str,
        *,
        examples: "image_intelligence.Examples | None" = None,
        custom_id: str | None = None,
        feed_id: str | None = None,
        webhook_url: str | None = None,
        deliver: bool = True,
    ) -> "image_intelligence.AskHandle":
        """Asks a question about the pictures, to be answered with yes or no, in at most 256 characters.

        `examples` are pictures for which the answer is known. Everything else is as `detect` says.

        >>> from pathlib import Path
        >>> from image_intelligence import Client, Examples
        >>> examples = Examples(yes=["https://example.com/open.jpg"], no=["https://example.com/shut.jpg"])
        >>> with Client() as client:
        ...     images = [Path("examples/photos/coffee.jpg")]
        ...     job = client.ask(images, "Is the door open?", examples=examples).wait()
        >>> print(job.yes.custom_id_or_url if job.yes else "no")
        examples/photos/coffee.jpg
        """
        from ._handles import AskHandle

        request = ask_request(question, examples, custom_id, feed_id, webhook_url)
        return AskHandle(self._native.submit(("ask", None), to_wire(images), request, flag("deliver", deliver)))

    def recognize(
        self,
        images: "Iterable[image_intelligence.Picture]",
        *,
        namespace: str,
        custom_id: str | None = None,
        feed_id: str | None = None,
        webhook_url: str | None = None,
        deliver: bool = True,
    ) -> "image_intelligence.RecognizeHandle":
        """Looks for faces in the pictures, and for whose they are among the identities of a namespace.

        What the service keeps of them is in `client.recognition(namespace)`. Everything else is as `detect` says.

        >>> from pathlib import Path
        >>> from image_intelligence import Client
        >>> with Client() as client:
        ...     job = client.recognize([Path("examples/photos/astronaut.jpg")], namespace="lobby").wait()
        >>> for hit in job.faces():
        ...     print(hit.image.custom_id_or_url, hit.face.confidence, hit.face.identity_id or "nobody yet")
        examples/photos/astronaut.jpg 0.98 nobody yet
        """
        from ._handles import RecognizeHandle

        kind = ("recognize", text("namespace", namespace))
        request = job_request({}, custom_id, feed_id, webhook_url)
        return RecognizeHandle(self._native.submit(kind, to_wire(images), request, flag("deliver", deliver)))

    def resume(self, token: str) -> "image_intelligence.AnyHandle":
        """Takes up a job again by its resume token, in this process or another. Nothing is sent yet.

        The handle is of the job's own kind. The names of files are not in the token: a picture of the result then says
        by `input.index` which place it had in your list, and its `input.source` is empty.

        >>> from image_intelligence import Client, DetectHandle
        >>> with Client() as client:
        ...     token = client.detect([b"no picture"], classes=["person"]).resume_token
        ...     match client.resume(token):
        ...         case DetectHandle() as job:
        ...             print(job.wait().classes)
        ...         case other:
        ...             print("another kind of job:", other)
        []
        """
        from ._handles import OF_KIND

        job = self._native.resume(text("token", token, malformed=ResumeTokenError))
        return OF_KIND[job.kind](job)

    def recover(self) -> "list[image_intelligence.Recovered]":
        """What became of every submit of earlier processes that was cut off, or whose result nobody took: the oldest
        first, as the `journal` has them.

        What left and had no answer is searched for, for up to 30 s; nothing is sent again. Each comes at every start
        until it is forgotten or its result is taken. Raises `ConfigError` where the client keeps no journal.

        >>> import tempfile
        >>> from pathlib import Path
        >>> from image_intelligence import Client
        >>> journal = Path(tempfile.mkdtemp()) / "submits.jsonl"
        >>> with Client(journal=journal) as client:
        ...     job = client.detect([b"no picture"], classes=["person"], custom_id="door-7")
        >>> with Client(journal=journal) as client:
        ...     for submit in client.recover():
        ...         print(submit.custom_id, submit.outcome)
        ...         if submit.resume_token is not None:
        ...             print(client.resume(submit.resume_token).wait().status)
        ...         client.forget(submit)
        door-7 accepted
        COMPLETED_ALL_ERROR
        """
        from ._journal import recovered

        return recovered(self._native.call("journal.recover", arguments()))

    def forget(self, submit: "image_intelligence.Recovered") -> None:
        """Takes a submit out of the journal: it is dealt with. One that is not there is forgotten already."""
        from ._journal import forgotten

        self._native.call("journal.forget", forgotten(submit))

    @property
    def detect_jobs(self) -> "image_intelligence.DetectJobs":
        """Detect jobs that were made before."""
        from ._rooms import DetectJobs

        return DetectJobs(self._native)

    @property
    def match_jobs(self) -> "image_intelligence.MatchJobs":
        """Match jobs that were made before."""
        from ._rooms import MatchJobs

        return MatchJobs(self._native)

    @property
    def ask_jobs(self) -> "image_intelligence.AskJobs":
        """Ask jobs that were made before."""
        from ._rooms import AskJobs

        return AskJobs(self._native)

    @property
    def feedback(self) -> "image_intelligence.Feedbacks":
        """Feedback about detect jobs."""
        from ._rooms import Feedbacks

        return Feedbacks(self._native)

    def recognition(self, namespace: str) -> "image_intelligence.Recognition":
        """What the service keeps of faces in a namespace, of at most 128 characters: identities, pictures, groups, and
        the jobs that found them. A namespace keeps one user's apart from another's."""
        from ._recognition import Recognition

        return Recognition(self._native, text("namespace", namespace))

    def register_webhook(self, url: str, secret_key: str | UnsetType = UNSET) -> "image_intelligence.RegisteredWebhook":
        """Has the events of this application posted to a URL, whenever somebody becomes known, or what is known of them
        changes. There is one such webhook for each application, and it cannot be taken back.

        With a `secret_key` (8 to 256 characters) each event is signed: pass it to `webhooks.parse` as its `secret`.
        `None` is refused: an unsigned webhook could not be signed later. The answer has it as its `secret_key`, or one
        that the service made up; no `repr` shows it. Keep it, for the API
        does not say it again. It is sent once: where the answer is lost, `OutcomeUnknownError` is raised.
        """
        from ._decode import webhook

        return webhook(self._native.call("webhooks.register", webhook_request(url, secret_key)))

    def image(self, url: str) -> bytes:
        """The bytes of a picture that an answer names, by its `proxy_url` or the `url` of a face; at most 32 MiB.

        It is fetched without the token; only by https, and only from a public address (from this machine, too, where
        the API is on it).
        """
        picture: bytes = self._native.call("image", arguments(url=text("url", url)))
        return picture
