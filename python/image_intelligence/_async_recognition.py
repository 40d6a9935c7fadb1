"""What recognition keeps of faces, for asyncio. Loaded when it is first asked for."""

from collections.abc import AsyncIterator, Iterable
from typing import Any, ClassVar, Generic, TypeVar, Unpack

from . import _core
from ._async_client import answered
from ._decode import many, one
from ._recognition import Namespaced, identity_change, identity_request
from ._results import AsItCame
from ._searches import RecognitionSearch, recognition_search
from .models import FaceGroup, FaceImage, Identity, RecognizeJob

R = TypeVar("R", bound=AsItCame)


class AsyncKept(Namespaced, Generic[R]):
    """Things of a sort that recognition keeps."""

    __slots__ = ()
    _room: ClassVar[str]
    _model: ClassVar[Any]

    async def get(self, id: str) -> R:
        """The one of this id. Raises `NotFoundError` where the API does not know it."""
        read: R = one(self._model, await answered(self._native.start_call, f"{self._room}.get", self._of(id)))
        return read

    async def search(self, **search: Unpack[RecognitionSearch]) -> list[R]:
        """One page of those that meet every condition of `RecognitionSearch`, at most 100 of them."""
        call = recognition_search(self._namespace, search)
        read: list[R] = many(self._model, await answered(self._native.start_call, f"{self._room}.search", call))
        return read

    def all(self, **search: Unpack[RecognitionSearch]) -> AsyncIterator[R]:
        """Every one that meets every condition, for `async for`: page by page, beyond the 200 that pages reach.

        A page is fetched when those before it have been taken. What is made meanwhile may be among them or not.

        >>> import asyncio
        >>> from image_intelligence import AsyncClient
        >>> async def main() -> None:
        ...     async with AsyncClient() as client:
        ...         print([one.id async for one in client.recognition("nobody").identities.all()])
        >>> asyncio.run(main())
        []
        """
        return self._each(self._native.rows(self._room, recognition_search(self._namespace, search)))

    async def _each(self, rows: _core.Rows) -> AsyncIterator[R]:
        while (page := await answered(rows.start_next)) is not None:
            for row in many(self._model, page):
                yield row


class AsyncRecognizeJobs(AsyncKept[RecognizeJob]):
    """Recognize jobs that were made before: `client.recognition("staff").jobs`."""

    __slots__ = ()
    _room = "recognize"
    _model = RecognizeJob


class AsyncIdentities(AsyncKept[Identity]):
    """Whom the service knows: `client.recognition("staff").identities`."""

    __slots__ = ()
    _room = "identities"
    _model = Identity

    async def create(self, *, custom_id: str | None = None, image_ids: Iterable[str] | None = None) -> Identity:
        """As `Identities.create`. Where the answer is lost, `OutcomeUnknownError` is raised."""
        call = identity_request(self._namespace, custom_id, image_ids)
        return one(Identity, await answered(self._native.start_call, "identities.create", call))

    async def update(
        self, id: str, *, custom_id: str | None = None, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> Identity:
        """As `Identities.update`. Where the answer is lost, `OutcomeUnknownError` is raised."""
        call = identity_change(self._namespace, id, custom_id, add, remove)
        return one(Identity, await answered(self._native.start_call, "identities.update", call))

    async def delete(self, id: str) -> None:
        """As `Identities.delete`. Where the answer is lost, `OutcomeUnknownError` is raised."""
        await answered(self._native.start_call, "identities.delete", self._of(id))


class AsyncFaceImages(AsyncKept[FaceImage]):
    """The pictures of faces: `client.recognition("staff").images`."""

    __slots__ = ()
    _room = "images"
    _model = FaceImage

    async def picture(self, id: str) -> bytes:
        """As `FaceImages.picture`: the picture itself, a JPEG."""
        picture: bytes = await answered(self._native.start_call, "images.picture", self._of(id))
        return picture


class AsyncFaceGroups(AsyncKept[FaceGroup]):
    """The groups that the service makes of faces: `client.recognition("staff").groups`."""

    __slots__ = ()
    _room = "groups"
    _model = FaceGroup


class AsyncRecognition(Namespaced):
    """Recognition in one namespace, which keeps one user's identities apart from another's:
    `client.recognition("staff")`."""

    __slots__ = ()

    @property
    def identities(self) -> AsyncIdentities:
        """Whom the service knows."""
        return AsyncIdentities(self._native, self._namespace)

    @property
    def images(self) -> AsyncFaceImages:
        """The pictures of faces."""
        return AsyncFaceImages(self._native, self._namespace)

    @property
    def groups(self) -> AsyncFaceGroups:
        """The groups that the service makes of faces."""
        return AsyncFaceGroups(self._native, self._namespace)

    @property
    def jobs(self) -> AsyncRecognizeJobs:
        """Recognize jobs that were made before."""
        return AsyncRecognizeJobs(self._native, self._namespace)
