"""A visit to a page of the dashboard: who looks, with which rights, and where the page stands."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response
from litestar.plugins.htmx import ClientRedirect, HTMXDetails
from litestar.response import Redirect, Template
from msgspec import Struct

from dcvd.core.branding.branding import Branding
from dcvd.core.callers import CallerKind
from dcvd.core.sentences.rendering import CATALOGUE
from dcvd.core.tokens.token import Token
from dcvd.errors import Forbidden
from dcvd.http.access.authorization import check_permission
from dcvd.http.access.session_authentication import read_csrf_token
from dcvd.http.answer_headers import OWN_REFERRER
from dcvd.http.request import ApiRequest
from dcvd.services.domain_setup import read_owner
from dcvd.services.members import queries as members
from dcvd.services.tokens import queries
from dcvd.web.dashboard.navigation import NAVIGATION, OPERATOR_NAVIGATION, NavigationItem
from dcvd.web.pages.failures import LOOK
from dcvd.web.pages.page import PageLook, Words, choose_page_language, render_page
from dcvd.web.sign_in.redirection import ACTING_PATH, DASHBOARD_PATH, OPERATOR_PATH

_DONE: Final = "done"
"""The parameter that names the sentence by which a page says what the last button did."""
_DONE_PREFIX: Final = "done_"
_CURSOR: Final = "cursor"
_NOT_KEPT: Final = frozenset({_DONE, _CURSOR})


class Visit(Struct, frozen=True):
    """What every page of the dashboard needs.

    root: where the pages begin that `navigation` leads to. token: the one with whose rights the browser acts; None for
    whoever has none. address: of the member whose rights these are without a token; None for others.
    """

    request: ApiRequest
    look: PageLook
    root: str
    token: Token | None
    navigation: tuple[NavigationItem, ...] = NAVIGATION
    address: str | None = None

    @property
    def words(self) -> Words:
        """The words of the pages in their language."""
        return Words(self.look.language)

    @property
    def is_partial(self) -> bool:
        """Whether htmx asks for the part of a page that changes."""
        return bool(HTMXDetails(self.request))

    def may(self, opt: Mapping[str, Any], method: str = "GET") -> bool:
        """Whether the caller may call the routes with an `opt`, as far as that does not hang on an object."""
        try:
            check_permission(self.request.auth, opt, method)
        except Forbidden:
            return False
        return True

    def show(
        self, name: str, context: Mapping[str, Any], *, status: HTTPStatus = HTTPStatus.OK, place: str | None = None
    ) -> Template:
        """Render a page from `dashboard/NAME.html`; where htmx asks for the part that changes, `NAME_part.html`.

        In templates, `here` is the list's first page, `this_page` the one that is shown, and `may_write` whether the
        caller may press the buttons of the page's subject. place: below `root`, where the page stands that answers a
        form which is sent elsewhere: what is live in it asks there.
        """
        own = None if place is None else f"{self.root}{place}"
        opt = self.request.scope["route_handler"].opt
        frame = {
            "csrf_token": read_csrf_token(self.request.scope),
            "token": self.token,
            "address": self.address,
            "role": self.request.auth.role,
            "operator_id": self.request.auth.id if self.request.auth.kind is CallerKind.OPERATOR else None,
            "acting_for": self.request.auth.org_id,
            "root": self.root,
            "path": own or self.request.scope["path"],
            "here": own or self._build_url(),
            "this_page": own or self.link_next(self.request.query_params.get(_CURSOR)) or self._build_url(),
            "query": self.request.query_params,
            "done": self._find_done(),
            "may_write": self.may(opt, "POST"),
            "navigation": [item for item in self.navigation if self.may(item.opt)],
        }
        part = "_part" if self.is_partial else ""
        return render_page(
            f"dashboard/{name}{part}.html", self.look, {**frame, **context}, status=status, headers=OWN_REFERRER
        )

    def go_to(self, place: str, *, done: str | None = None) -> Response[Any]:
        """Send the browser to a page of the dashboard, so that a reload repeats nothing.

        place: below `root`, with a slash before it; it may have a query. done: the id of the sentence, which begins
        with `done_`, by which the page says what was done.
        """
        url = f"{self.root}{place}"
        if done is not None:
            url += f"{'&' if '?' in url else '?'}{urlencode({_DONE: done})}"
        return ClientRedirect(url) if self.is_partial else Redirect(url, status_code=303)

    def link_next(self, cursor: str | None) -> str | None:
        """Return the address of the list's page that a cursor names; None at the end."""
        return None if cursor is None else self._build_url(**{_CURSOR: cursor})

    def _build_url(self, **parameters: str) -> str:
        kept = [(name, value) for name, value in self.request.query_params.multi_items() if name not in _NOT_KEPT]
        query = urlencode([*kept, *parameters.items()])
        path: str = self.request.scope["path"]
        return f"{path}?{query}" if query else path

    def _find_done(self) -> str | None:
        sentence_id = self.request.query_params.get(_DONE, "")
        is_known = sentence_id.startswith(_DONE_PREFIX) and sentence_id in CATALOGUE["en"]
        return self.words(sentence_id) if is_known else None


async def open_visit(request: ApiRequest) -> Visit:
    """Begin to answer a request for a page of the dashboard, whose browser the guard has authenticated."""
    owner = await read_owner(request.context, request.org_id)
    root = find_root(request)
    look = PageLook(choose_page_language(request, Branding()), organization=owner.name, home=root)
    request.scope["state"][LOOK] = look
    return Visit(request, look, root, await _find_token(request), address=await _find_address(request))


def open_operator_visit(request: ApiRequest) -> Visit:
    """Begin to answer a request for a page of operators, who look at all organizations."""
    look = PageLook(choose_page_language(request, Branding()), home=OPERATOR_PATH)
    request.scope["state"][LOOK] = look
    return Visit(request, look, OPERATOR_PATH, None, OPERATOR_NAVIGATION)


def find_root(request: ApiRequest) -> str:
    """Return where the pages of the caller's organization begin."""
    if request.auth.kind is CallerKind.OPERATOR:
        return f"{ACTING_PATH}/{request.org_id}"
    return DASHBOARD_PATH


async def _find_token(request: ApiRequest) -> Token | None:
    if request.auth.kind is not CallerKind.TOKEN:
        return None
    return await queries.get(request.context, request.org_id, request.auth.id)


async def _find_address(request: ApiRequest) -> str | None:
    if request.auth.kind is not CallerKind.MEMBER:
        return None
    return (await members.get(request.context, request.org_id, request.auth.id)).address
