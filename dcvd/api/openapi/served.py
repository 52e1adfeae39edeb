"""What is served at `/schema`: the document as JSON for programs, and as a page for people."""

import asyncio
from typing import Any, Final

import msgspec
from litestar import Litestar, Request, Response
from litestar.enums import MediaType
from litestar.exceptions import NotFoundException
from litestar.openapi.plugins import OpenAPIRenderPlugin

from dcvd.api.openapi.document import build_document
from dcvd.api.openapi.page import render_page

ROOT: Final = "/schema"
_MEDIA_TYPES: Final = {ROOT: MediaType.HTML, f"{ROOT}/openapi.json": MediaType.JSON}

Contents = dict[MediaType, bytes]


class ServedDocuments:
    """Both forms of the document, which do not change. They are built once, at the first request for either.

    That takes the better part of a second, so it is done on a thread: others are answered meanwhile.
    """

    def __init__(self) -> None:
        self._built: Contents | None = None
        self._building: asyncio.Future[Contents] | None = None

    @property
    def plugins(self) -> list[OpenAPIRenderPlugin]:
        """What Litestar has to know of, so that there are routes."""
        return [_Route(path.removeprefix(ROOT) or "/", media_type) for path, media_type in _MEDIA_TYPES.items()]

    async def find_answer(self, request: Request[Any, Any, Any]) -> Response[bytes] | None:
        """Return the form at the request's path, or None; Litestar calls no handler where it has an answer already."""
        media_type = _MEDIA_TYPES.get(request.scope["path_template"])
        if media_type is None:
            return None
        return Response((await self._build_once(request.app))[media_type], media_type=media_type)

    async def _build_once(self, app: Litestar) -> Contents:
        if self._built is not None:
            return self._built
        building = self._building or asyncio.get_running_loop().run_in_executor(None, _build, app)
        self._building = building
        try:
            # A client who leaves takes nothing from the others who wait.
            self._built = await asyncio.shield(building)
        finally:
            if building.done():
                self._building = None
        return self._built


class _Route(OpenAPIRenderPlugin):
    """A path at which one form is served, by `ServedDocuments.find_answer`."""

    def __init__(self, path: str, media_type: MediaType) -> None:
        super().__init__(path=path, media_type=media_type)

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        """Render nothing: Litestar would do it on the event loop."""
        raise NotFoundException


def _build(app: Litestar) -> Contents:
    document = build_document(app)
    return {MediaType.JSON: msgspec.json.encode(document), MediaType.HTML: render_page(document).encode()}
