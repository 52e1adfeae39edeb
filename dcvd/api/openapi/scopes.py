"""Which scope a call needs, told in its description: a token may be limited to scopes."""

from typing import Any

from litestar import Litestar
from litestar.routes import HTTPRoute

from dcvd.http.access.authorization import required_scope


def add_scopes(app: Litestar, document: dict[str, Any]) -> None:
    """Name the scope of each tenants' call behind its description."""
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for method, (handler, _) in route.route_handler_map.items():
            operation = document["paths"].get(route.path_format, {}).get(method.lower())
            if operation is None or not any(operation.get("security", ())):
                continue
            scope = required_scope(handler.opt, method)
            needs = "It needs no scope." if scope is None else f"It needs the scope `{scope.value}`."
            operation["description"] = "\n\n".join(filter(None, (operation.get("description"), needs)))
