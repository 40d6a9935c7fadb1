"""What a client does with any number of pictures, and with many jobs at once."""

import os
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, TypeVar, overload

# Under its whole name, as in `_client`.
import image_intelligence

from . import _core
from ._arguments import ask_request, detect_request, job_request, match_request, run_settings, wait_limit
from ._checks import text

R = TypeVar("R")


class Many:
    """The calls of `Client` that take any number."""

    __slots__ = ()

    _native: _core.Client

    def detect_all(
        self,
        images: "Iterable[image_intelligence.Picture]",
        *,
        classes: "Iterable[image_intelligence.ClassLike]",
        feed_id: str | None = None,
        webhook_url: str | None = None,
        deliver: bool = True,
        bounding_boxes: bool = False,
        batch_size: int = 64,
        concurrency: int = 8,
        ordered: bool = False,
        on_progress: "Callable[[image_intelligence.Progress], object] | None" = None,
        manifest: str | os.PathLike[str] | None = None,
        timeout: float | timedelta | None = None,
    ) -> "image_intelligence.All[image_intelligence.DetectImageResult]":
        """Asks which classes of objects are in any number of pictures, in as many jobs as it takes.

        `images` is any iterable, such as a generator: it is pulled as results are taken, and each file is read when its
        turn comes. Each picture has an item in the end, with `item.source` the very object that you passed in. One bad
        picture never sinks the rest: its item has an `error`.

        A job has up to `batch_size` pictures (1 to 64), and up to `concurrency` jobs are in flight (1 to 1000). Items
        come as jobs end, or with `ordered` in the order of the pictures, where one slow job holds the others up.
        `on_progress` is called with a `Progress` whenever there is some, while you ask for the next item. Each job is
        waited for `timeout` seconds at most: 15 minutes where none is said.

        `manifest` is a file in which is written down what is sent, so that a run that was cut off, at whatever moment,
        goes on when it is begun again with the same pictures and settings: none is sent twice, and every result is
        given, those of the first run too.

        After an error that every further job would meet (`AuthenticationError` and the like) no more is sent, and the
        pictures that were pulled get that error; so do the others where `images` has a `len`.

        >>> from pathlib import Path
        >>> from image_intelligence import Client
        >>> with Client() as client:
        ...     for item in client.detect_all(Path("examples/photos").glob("[ac]*.jpg"), classes=["cat"], ordered=True):
        ...         if item.ok and item.result.classes:
        ...             print(item.source, item.result.classes)
        examples/photos/chelsea.jpg ['cat']
        """
        from .models import DetectImageResult

        request = detect_request(classes, None, feed_id, webhook_url, bounding_boxes)
        settings = run_settings(images, batch_size, concurrency, ordered, manifest, timeout, deliver)
        return self._run(("detect", None), images, request, settings, DetectImageResult, on_progress)

    def match_all(
        self,
        images: "Iterable[image_intelligence.Picture]",
        target: "image_intelligence.Target",
        *,
        feed_id: str | None = None,
        webhook_url: str | None = None,
        deliver: bool = True,
        batch_size: int = 64,
        concurrency: int = 8,
        ordered: bool = False,
        on_progress: "Callable[[image_intelligence.Progress], object] | None" = None,
        manifest: str | os.PathLike[str] | None = None,
        timeout: float | timedelta | None = None,
    ) -> "image_intelligence.All[image_intelligence.ImageResult]":
        """Asks which of any number of pictures show a target. Each job names one picture that does: its item is
        `chosen`.

        Everything else is as `detect_all` says.

        >>> from pathlib import Path
        >>> from image_intelligence import Client, Target
        >>> rex = Target("dog", ["https://example.com/rex.jpg"], custom_id="rex")
        >>> with Client() as client:
        ...     for item in client.match_all([Path("examples/photos/chelsea.jpg")], rex):
        ...         print(item.source, "it is" if item.chosen else "not named")
        examples/photos/chelsea.jpg it is
        """
        from .models import ImageResult

        request = match_request(target, None, feed_id, webhook_url)
        settings = run_settings(images, batch_size, concurrency, ordered, manifest, timeout, deliver)
        return self._run(("match", None), images, request, settings, ImageResult, on_progress)

    def ask_all(
        self,
        images: "Iterable[image_intelligence.Picture]",
        question: str,
        *,
        examples: "image_intelligence.Examples | None" = None,
        feed_id: str | None = None,
        webhook_url: str | None = None,
        deliver: bool = True,
        batch_size: int = 64,
        concurrency: int = 8,
        ordered: bool = False,
        on_progress: "Callable[[image_intelligence.Progress], object] | None" = None,
        manifest: str | os.PathLike[str] | None = None,
        timeout: float | timedelta | None = None,
    ) -> "image_intelligence.All[image_intelligence.ImageResult]":
        """Asks a question about any number of pictures. Each job names one picture for which it is yes: its item is
        `chosen`. With a `batch_size` of 1 each picture is asked about alone.

        Everything else is as `detect_all` says.

        >>> from pathlib import Path
        >>> from image_intelligence import Client
        >>> doors = Path("examples/photos").glob("co*.jpg")
        >>> with Client() as client:
        ...     [door] = client.ask_all(doors, "Is the door open?", batch_size=1)
        >>> print(door.source, "yes" if door.chosen else "no")
        examples/photos/coffee.jpg yes
        """
        from .models import ImageResult

        request = ask_request(question, examples, None, feed_id, webhook_url)
        settings = run_settings(images, batch_size, concurrency, ordered, manifest, timeout, deliver)
        return self._run(("ask", None), images, request, settings, ImageResult, on_progress)

    def recognize_all(
        self,
        images: "Iterable[image_intelligence.Picture]",
        *,
        namespace: str,
        feed_id: str | None = None,
        webhook_url: str | None = None,
        deliver: bool = True,
        batch_size: int = 64,
        concurrency: int = 8,
        ordered: bool = False,
        on_progress: "Callable[[image_intelligence.Progress], object] | None" = None,
        manifest: str | os.PathLike[str] | None = None,
        timeout: float | timedelta | None = None,
    ) -> "image_intelligence.All[image_intelligence.RecognizedImage]":
        """Looks for faces in any number of pictures, and for whose they are among the identities of a namespace.

        Everything else is as `detect_all` says.

        >>> from pathlib import Path
        >>> from image_intelligence import Client
        >>> with Client() as client:
        ...     for item in client.recognize_all([Path("examples/photos/astronaut.jpg")], namespace="lobby"):
        ...         print([face.confidence for face in item.result.objects] if item.ok else item.error)
        [0.98]
        """
        from .models import RecognizedImage

        request = job_request({}, None, feed_id, webhook_url)
        settings = run_settings(images, batch_size, concurrency, ordered, manifest, timeout, deliver)
        kind = ("recognize", text("namespace", namespace))
        return self._run(kind, images, request, settings, RecognizedImage, on_progress)

    def _run(
        self,
        kind: tuple[str, str | None],
        images: "Iterable[image_intelligence.Picture]",
        request: bytes,
        settings: dict[str, object],
        model: type[R],
        on_progress: "Callable[[image_intelligence.Progress], object] | None",
    ) -> "image_intelligence.All[R]":
        from ._all import All, iterated

        return All(iterated(images), self._native.all(kind, request, settings), model, on_progress)

    @overload
    def as_completed(
        self, jobs: "Iterable[image_intelligence.DetectHandle]", timeout: float | timedelta | None = None
    ) -> "image_intelligence.AsCompleted[image_intelligence.DetectHandle, image_intelligence.DetectJob]": ...
    @overload
    def as_completed(
        self, jobs: "Iterable[image_intelligence.MatchHandle]", timeout: float | timedelta | None = None
    ) -> "image_intelligence.AsCompleted[image_intelligence.MatchHandle, image_intelligence.MatchJob]": ...
    @overload
    def as_completed(
        self, jobs: "Iterable[image_intelligence.AskHandle]", timeout: float | timedelta | None = None
    ) -> "image_intelligence.AsCompleted[image_intelligence.AskHandle, image_intelligence.AskJob]": ...
    @overload
    def as_completed(
        self, jobs: "Iterable[image_intelligence.RecognizeHandle]", timeout: float | timedelta | None = None
    ) -> "image_intelligence.AsCompleted[image_intelligence.RecognizeHandle, image_intelligence.RecognizeJob]": ...
    @overload
    def as_completed(
        self, jobs: "Iterable[image_intelligence.AnyHandle]", timeout: float | timedelta | None = None
    ) -> "image_intelligence.AsCompleted[image_intelligence.AnyHandle, image_intelligence.AnyJob]": ...
    def as_completed(self, jobs: Iterable[Any], timeout: float | timedelta | None = None) -> Any:
        """Waits for many jobs at once, and gives each when it ends: `job` is the handle, and `result` or `error` what
        `job.wait()` would have given. They share their requests, however many they are.

        Each job that has not ended `timeout` seconds after this call (15 minutes where none is said) comes with a
        `WaitTimeoutError`.

        >>> from pathlib import Path
        >>> from image_intelligence import Client
        >>> with Client() as client:
        ...     photos = [Path(f"examples/photos/{name}.jpg") for name in ("astronaut", "chelsea")]
        ...     jobs = [client.detect([photo], classes=["person", "cat"]) for photo in photos]
        ...     ended = {done.job.id: done.result.classes for done in client.as_completed(jobs) if done.ok}
        >>> [ended[job.id] for job in jobs]
        [['person'], ['cat']]
        """
        from ._all import AsCompleted, handles
        from ._handles import JobHandle

        return AsCompleted(self._native, handles(jobs, JobHandle), wait_limit(timeout))

    def track(
        self, tokens: Iterable[str], timeout: float | timedelta | None = None
    ) -> "image_intelligence.AsCompleted[image_intelligence.AnyHandle, image_intelligence.AnyJob]":
        """Takes up many jobs again by their resume tokens, whatever their kinds, and gives each when it ends, as
        `as_completed` does.

        Raises `ResumeTokenError` where one is malformed or of another API, and says which; nothing is sent then.

        >>> from image_intelligence import Client
        >>> with Client() as client:
        ...     tokens = [client.detect([b"no picture"], classes=["person"]).resume_token for _ in range(3)]
        ...     print([done.result.status for done in client.track(tokens) if done.ok])
        ['COMPLETED_ALL_ERROR', 'COMPLETED_ALL_ERROR', 'COMPLETED_ALL_ERROR']
        """
        from ._all import AsCompleted, tracked
        from ._handles import OF_KIND

        return AsCompleted(self._native, tracked(tokens, self._native, OF_KIND), wait_limit(timeout))
