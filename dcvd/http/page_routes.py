"""What a layer beside the API gives to the application: pages for people, and how they are rendered."""

from typing import Any, Final

from litestar import Router
from litestar.template import TemplateConfig
from msgspec import Struct


class PageRoutes(Struct, frozen=True):
    """Routes of pages, and the engine of their templates; an application may have none."""

    routers: tuple[Router, ...] = ()
    template_config: TemplateConfig[Any] | None = None


NO_PAGES: Final = PageRoutes()
ANY_QUERY: Final = "any_query"
"""The name in a route's `opt` by which it takes any query: links to pages are passed on with what others append."""
