"""What a layer beside the API gives to the application: pages for people, and how they are rendered."""

import gc
from collections.abc import Callable
from typing import Any, Final

from litestar import Request, Response
from litestar.exceptions import MethodNotAllowedException, NotFoundException
from litestar.response import Template
from litestar.template import TemplateConfig
from msgspec import Struct

from dcvd.core.sentences.rendering import CATALOGUE
from dcvd.http.router import Router
from dcvd.kit.imports import INSTALLATION, Installation, import_whole

FailureHandler = Callable[[Request[Any, Any, Any], Exception], Response[Any] | Template]
"""Answers an exception; Litestar calls it."""


class PageRoutes(Struct, frozen=True):
    """Routes of pages, and the engine of their templates.

    show_missing: answers where no route stands below one of `roots`, since it is a person who looks there.
    """

    routers: tuple[Router, ...]
    template_config: TemplateConfig[Any]
    roots: tuple[str, ...]
    show_missing: FailureHandler

    def with_missing_shown(self, handle: FailureHandler) -> FailureHandler:
        """Return the handler of an application's exceptions, with a page where a person looks for one in vain."""
        show_missing, roots = self.show_missing, tuple(f"{root}/" for root in self.roots)

        def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any] | Template:
            # What a form is sent to is no page either, for whoever opens its address.
            is_missing = isinstance(error, NotFoundException | MethodNotAllowedException)
            if is_missing and request.scope["path"].startswith(roots):
                return show_missing(request, error)
            return handle(request, error)

        return answer


class PageEntrance(Struct, frozen=True):
    """Where pages stand, and the module that has them as `PAGES`.

    They are imported when somebody asks for the first one: a daemon whose pages nobody opens is smaller by a tenth.
    """

    module: str
    roots: tuple[str, ...]
    installation: Installation = INSTALLATION

    def leads_to(self, path: str) -> bool:
        """Whether a page may stand at a path: at a root or below it."""
        return path in self.roots or path.startswith(tuple(f"{root}/" for root in self.roots))

    def load(self) -> PageRoutes:
        """Import the pages; this takes some tenths of a second. Raises RestartNeeded, and what an import raises."""
        self.installation.check()
        # Whatever is there when they have been imported is never looked at again, and garbage would stay.
        gc.collect()
        pages: PageRoutes = import_whole(self.module).PAGES
        # They speak every language, also of what fails later.
        list(CATALOGUE.values())
        return pages


ANY_QUERY: Final = "any_query"
"""The name in a route's `opt` by which it takes any query: links to pages are passed on with what others append."""
