"""The router of all routes."""

from collections import defaultdict
from copy import copy
from typing import Any

import litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import BaseRoute
from litestar.types import ControllerRouterHandler
from litestar.types.internal_types import RouteHandlerMapItem
from litestar.utils import join_paths


class Router(litestar.Router):
    """Groups handlers and routers below a path. Its routes are made once, by the application.

    Litestar's own makes routes of all its handlers, each with a handler of OPTIONS, and copies all that is below it
    once for each router above it: three times as many as serve requests, and every start would pay for them.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Take what Litestar's router takes."""
        self._members: list[HTTPRouteHandler | Router] = []
        super().__init__(*arguments, **options)

    def register(self, value: ControllerRouterHandler) -> list[BaseRoute]:
        """Add a handler or a router."""
        if not isinstance(value, HTTPRouteHandler | Router):
            raise TypeError(f"{value!r} is neither a handler of HTTP nor a router of dcvd.")
        self._members.append(value)
        return []

    @property
    def route_handler_method_map(self) -> dict[str, RouteHandlerMapItem]:
        """Map paths and methods to copies of the handlers, which are owned by copies of the routers above them."""
        handlers: dict[str, RouteHandlerMapItem] = defaultdict(dict)
        for member in self._members:
            owned = copy(member)
            owned.owner = self
            for path, by_method in _map_handlers(owned).items():
                handlers[join_paths([self.path, path])].update(by_method)
        return handlers

    def __deepcopy__(self, memo: dict[int, Any]) -> "Router":
        """Return a shallow copy: below it, `route_handler_method_map` copies what it hands out."""
        return copy(self)


def _map_handlers(member: HTTPRouteHandler | Router) -> dict[str, RouteHandlerMapItem]:
    if isinstance(member, Router):
        return member.route_handler_method_map
    return {path: dict.fromkeys(member.http_methods, member) for path in member.paths}
