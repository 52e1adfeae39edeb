"""The router of all routes."""

from collections import defaultdict
from copy import copy
from http import HTTPStatus
from typing import Any, Final

import litestar
from litestar import Response
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.routes import BaseRoute
from litestar.types import ControllerRouterHandler
from litestar.types.internal_types import RouteHandlerMapItem
from litestar.utils import join_paths


class _OptionsHandler(HTTPRouteHandler):
    """Answers OPTIONS for all paths of a router. Litestar would make one for each path: 3 MiB of nothing else."""

    _kwargs_model: Any = None

    def create_kwargs_model(self, path_parameters: dict[str, Any]) -> Any:
        """Return the same model for each path: it takes nothing of the request."""
        del path_parameters
        if self._kwargs_model is None:
            self._kwargs_model = super().create_kwargs_model(path_parameters={})
        return self._kwargs_model


@_OptionsHandler(http_method=HttpMethod.OPTIONS, include_in_schema=False)
async def _answer_options() -> Response[None]:
    """Answer that there is such a path; `AnswerHeaders` knows the methods that it has."""
    return Response(None, status_code=HTTPStatus.NO_CONTENT, headers={"Allow": HttpMethod.OPTIONS})


_OPTIONS: Final = HttpMethod.OPTIONS.value


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
        options = copy(_answer_options)
        options.owner = self
        for member in self._members:
            owned = copy(member)
            owned.owner = self
            for path, by_method in _map_handlers(owned).items():
                of_path = handlers[join_paths([self.path, path])]
                # Whoever has the first handler of a path has that of OPTIONS too.
                answers_options = of_path.get(_OPTIONS, by_method.get(_OPTIONS, options))
                of_path.update(by_method)
                of_path[_OPTIONS] = answers_options
        return handlers

    def __deepcopy__(self, memo: dict[int, Any]) -> "Router":
        """Return a shallow copy: below it, `route_handler_method_map` copies what it hands out."""
        return copy(self)


def _map_handlers(member: HTTPRouteHandler | Router) -> dict[str, RouteHandlerMapItem]:
    if isinstance(member, Router):
        return member.route_handler_method_map
    return {path: dict.fromkeys(member.http_methods, member) for path in member.paths}
