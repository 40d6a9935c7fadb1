"""What recognition keeps of faces. Loaded when it is first asked for."""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Generic, TypeVar, Unpack

from . import _core
from ._arguments import arguments
from ._checks import text, text_or_none, texts
from ._client import Unpicklable
from ._decode import many, one
from ._results import AsItCame
from ._searches import RecognitionSearch, recognition_search
from .models import FaceGroup, FaceImage, Identity, RecognizeJob

R = TypeVar("R", bound=AsItCame)


class Namespaced(Unpicklable):
    """Some calls of a client, in a namespace."""

    __slots__ = ("_namespace", "_native")

    def __init__(self, native: _core.Client, namespace: str) -> None:
        self._native = native
        self._namespace = namespace

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._namespace!r}>"

    def _of(self, id: str) -> bytes:
        return arguments(namespace=self._namespace, id=text("id", id))


class Kept(Namespaced, Generic[R]):
    """Things of a sort that recognition keeps."""

    __slots__ = ()
    _room: ClassVar[str]
    _model: ClassVar[Any]

    def get(self, id: str) -> R:
        """The one of this id. Raises `NotFoundError` where the API does not know it."""
        read: R = one(self._model, self._native.call(f"{self._room}.get", self._of(id)))
        return read

    def search(self, **search: Unpack[RecognitionSearch]) -> list[R]:
        """One page of those that meet every condition, at most 100 of them; the newest first.

        The conditions are those of `RecognitionSearch`: `limit`, `offset`, `start`, `end`, `sort_by`, `ids`,
        `feed_ids`, `custom_ids`. `feed_ids=None` and `custom_ids=None` mean those that have none.
        """
        call = recognition_search(self._namespace, search)
        read: list[R] = many(self._model, self._native.call(f"{self._room}.search", call))
        return read

    def all(self, **search: Unpack[RecognitionSearch]) -> Iterator[R]:
        """Every one that meets every condition, page by page, beyond the 200 that pages reach.

        A page is fetched when those before it have been taken. What is made meanwhile may be among them or not.
        """
        return self._each(self._native.rows(self._room, recognition_search(self._namespace, search)))

    def _each(self, rows: _core.Rows) -> Iterator[R]:
        while (page := rows.next()) is not None:
            yield from many(self._model, page)


class RecognizeJobs(Kept[RecognizeJob]):
    """Recognize jobs that were made before: `client.recognition("staff").jobs`."""

    __slots__ = ()
    _room = "recognize"
    _model = RecognizeJob


def identity_request(namespace: str, custom_id: object, image_ids: object) -> bytes:
    """The arguments of making somebody known."""
    body = {"customId": text_or_none("custom_id", custom_id)}
    ids = None if image_ids is None else texts("image_ids", image_ids)
    return arguments(namespace=namespace, body={**body, "imageIds": ids})


def identity_change(namespace: str, id: object, custom_id: object, add: object, remove: object) -> bytes:
    """The arguments of a change of what is known of somebody."""
    body: dict[str, object] = {"customId": text_or_none("custom_id", custom_id)}
    added, removed = texts("add", add), texts("remove", remove)
    if added or removed:
        body["images"] = {"add": added, "remove": removed}
    return arguments(namespace=namespace, id=text("id", id), body=body)


class Identities(Kept[Identity]):
    """Whom the service knows: `client.recognition("staff").identities`."""

    __slots__ = ()
    _room = "identities"
    _model = Identity

    def create(self, *, custom_id: str | None = None, image_ids: Iterable[str] | None = None) -> Identity:
        """Makes somebody known, with a name of your own (at most 256 characters) and pictures of their face, of those
        that recognize jobs found; or without.

        It is sent once: where the answer is lost, `OutcomeUnknownError` is raised.

        >>> from image_intelligence import Client
        >>> with Client() as client:
        ...     staff = client.recognition("staff")
        ...     ann = staff.identities.create(custom_id="ann")
        ...     assert staff.identities.get(ann.id).custom_id == "ann"
        ...     assert ann.id in [one.id for one in staff.identities.all(custom_ids=["ann"])]
        ...     staff.identities.delete(ann.id)
        """
        call = identity_request(self._namespace, custom_id, image_ids)
        return one(Identity, self._native.call("identities.create", call))

    def update(
        self, id: str, *, custom_id: str | None = None, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> Identity:
        """Changes a name, adds pictures or takes them away by their ids, at most 20 of each at once. An identity
        without pictures stays.

        It is sent once: where the answer is lost, `OutcomeUnknownError` is raised.
        """
        call = identity_change(self._namespace, id, custom_id, add, remove)
        return one(Identity, self._native.call("identities.update", call))

    def delete(self, id: str) -> None:
        """Forgets somebody; the pictures of their face are nobody's then.

        It is sent once: where the answer is lost, `OutcomeUnknownError` is raised.
        """
        self._native.call("identities.delete", self._of(id))


class FaceImages(Kept[FaceImage]):
    """The pictures of faces: `client.recognition("staff").images`."""

    __slots__ = ()
    _room = "images"
    _model = FaceImage

    def picture(self, id: str) -> bytes:
        """The picture itself, a JPEG. The API says where it is, and it is fetched from there, without the token."""
        picture: bytes = self._native.call("images.picture", self._of(id))
        return picture


class FaceGroups(Kept[FaceGroup]):
    """The groups that the service makes of faces: `client.recognition("staff").groups`."""

    __slots__ = ()
    _room = "groups"
    _model = FaceGroup


class Recognition(Namespaced):
    """Recognition in one namespace, which keeps one user's identities apart from another's:
    `client.recognition("staff")`."""

    __slots__ = ()

    @property
    def identities(self) -> Identities:
        """Whom the service knows."""
        return Identities(self._native, self._namespace)

    @property
    def images(self) -> FaceImages:
        """The pictures of faces."""
        return FaceImages(self._native, self._namespace)

    @property
    def groups(self) -> FaceGroups:
        """The groups that the service makes of faces."""
        return FaceGroups(self._native, self._namespace)

    @property
    def jobs(self) -> RecognizeJobs:
        """Recognize jobs that were made before."""
        return RecognizeJobs(self._native, self._namespace)
