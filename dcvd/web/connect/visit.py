"""A visit to the page of a link: who looks, for which domain, and in whose name the page speaks."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from litestar.plugins.htmx import ClientRedirect, HTMXDetails
from litestar.response import Redirect, Template
from msgspec import Struct

from dcvd.core.links import Link, LinkPurpose, link_path
from dcvd.core.sentences.rendering import CATALOGUE
from dcvd.core.sentences.wording import word
from dcvd.errors import NotFound
from dcvd.http.request import ApiRequest
from dcvd.services.domain_setup import PageOwner, read_owner
from dcvd.web.connect.embedding import PARAMETER, read_embedding
from dcvd.web.pages.failures import LOOK
from dcvd.web.pages.page import NO_FRAMES, PageLook, Words, choose_page_language, render_page


class Visit(Struct, frozen=True):
    """What every page of a link needs.

    base: its path. query: in which language and in which frame it was asked for. top_query: the same for a page that
    leaves the frame.
    """

    request: ApiRequest
    owner: PageOwner
    look: PageLook
    link: Link
    base: str
    query: str
    top_query: str

    @property
    def domain_id(self) -> str:
        """The domain of the link. Raises NotFound where none was added yet."""
        if self.link.domain_id is None:
            raise NotFound(word("link_without_domain"), code="domain_missing")
        return self.link.domain_id

    @property
    def words(self) -> Words:
        """The words of the pages in their language."""
        return Words(self.look.language)

    @property
    def is_partial(self) -> bool:
        """Whether htmx asks for a part of a page."""
        return bool(HTMXDetails(self.request))

    def show(
        self,
        name: str,
        context: Mapping[str, Any],
        *,
        status: HTTPStatus = HTTPStatus.OK,
        headers: Mapping[str, str] | None = None,
    ) -> Template:
        """Render one of the templates of `connect/`."""
        frame = {
            "base": self.base,
            "query": self.query,
            "top_query": self.top_query,
            "return_to": self.link.return_to or self.look.branding.return_url,
            "expires_at": self.link.expires_at,
        }
        return render_page(f"connect/{name}.html", self.look, {**frame, **context}, status=status, headers=headers)

    def go_to(self, place: str = "") -> Redirect | ClientRedirect:
        """Send the browser to a page of the link, so that a reload repeats nothing."""
        url = f"{self.base}{place}{self.query}"
        return ClientRedirect(url) if self.is_partial else Redirect(url, status_code=303)


async def open_visit(request: ApiRequest, link_token: str) -> Visit:
    """Begin to answer a request for a page of a link, whose bearer the guard has authenticated."""
    link = request.auth.link
    assert link is not None, "the guard lets in the bearers of links alone"
    owner = await read_owner(request.context, request.org_id)
    asked = request.query_params.get("lang")
    embedding = read_embedding(request, owner.branding)
    look = PageLook(
        choose_page_language(request, owner.branding),
        owner.branding,
        owner.name,
        frame_ancestors=owner.branding.embed_origins or NO_FRAMES,
        is_embedded=embedding is not None,
        parent_origin=None if embedding is None else embedding.origin,
    )
    request.scope["state"][LOOK] = look
    language: dict[str, str] = {"lang": asked} if asked is not None and asked in CATALOGUE else {}
    frame: dict[str, str] = {} if embedding is None else {PARAMETER: embedding.origin or "1"}
    return Visit(
        request,
        owner,
        look,
        link,
        link_path(LinkPurpose.SETUP, link_token),
        query=_build_query({**language, **frame}),
        top_query=_build_query(language),
    )


def _build_query(parameters: Mapping[str, str]) -> str:
    return f"?{urlencode(parameters)}" if parameters else ""
