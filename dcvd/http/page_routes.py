"""What a layer beside the API gives to the application: pages for people, and how they are rendered."""

from collections.abc import Callable
from typing import Any, Final

from litestar import Request, Response
from litestar.exceptions import MethodNotAllowedException, NotFoundException
from litestar.response import Template
from litestar.template import TemplateConfig
from msgspec import Struct

from dcvd.http.router import Router

FailureHandler = Callable[[Request[Any, Any, Any], Exception], Response[Any] | Template]
"""Answers an exception; Litestar calls it."""


class PageRoutes(Struct, frozen=True):
    """Routes of pages, and the engine of their templates; an application may have none.

    show_missing: answers where no route stands below one of `roots`, since it is a person who looks there.
    """

    routers: tuple[Router, ...] = ()
    template_config: TemplateConfig[Any] | None = None
    roots: tuple[str, ...] = ()
    show_missing: FailureHandler | None = None

    def with_missing_shown(self, handle: FailureHandler) -> FailureHandler:
        """Return the handler of an application's exceptions, with a page where a person looks for one in vain."""
        show_missing, roots = self.show_missing, tuple(f"{root}/" for root in self.roots)
        if show_missing is None:
            return handle

        def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any] | Template:
            # What a form is sent to is no page either, for whoever opens its address.
            is_missing = isinstance(error, NotFoundException | MethodNotAllowedException)
            if is_missing and request.scope["path"].startswith(roots):
                return show_missing(request, error)
            return handle(request, error)

        return answer


NO_PAGES: Final = PageRoutes()
ANY_QUERY: Final = "any_query"
"""The name in a route's `opt` by which it takes any query: links to pages are passed on with what others append."""
