"""Routers: the application makes the routes of all that is below it, once."""

import gc
from typing import Any

import litestar
import pytest
from litestar import Litestar, get, post, put
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.params import FromPath
from litestar.routes import HTTPRoute

from dcvd.http.router import Router


def _refuse_nobody(_connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    return


@get(["/", "/all"])
async def list_things() -> None:
    return


@post("/")
async def add_thing() -> None:
    return


@get("/{thing_id:str}")
async def show_thing(thing_id: FromPath[str]) -> str:
    return thing_id


@put("/")
async def replace_things() -> None:
    return


_THINGS = Router("/things", route_handlers=[list_things, add_thing], guards=[_refuse_nobody])
_ONE_THING = Router("/things", route_handlers=[show_thing])


def _make() -> Litestar:
    return Litestar([Router("/api", route_handlers=[_THINGS, _ONE_THING])], openapi_config=None)


def _handlers(app: Litestar) -> dict[tuple[str, str], HTTPRouteHandler]:
    return {
        (route.path, method): handler
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
        if method != "OPTIONS"
    }


def test_the_application_has_the_paths_of_all_routers_below_it() -> None:
    assert set(_handlers(_make())) == {
        ("/api/things", "GET"),
        ("/api/things", "POST"),
        ("/api/things/all", "GET"),
        ("/api/things/{thing_id:str}", "GET"),
    }


def test_a_handler_has_what_the_routers_above_it_demand() -> None:
    app = _make()
    handlers = _handlers(app)
    guarded, free = handlers["/api/things", "POST"], handlers["/api/things/{thing_id:str}", "GET"]
    assert [getattr(layer, "path", None) for layer in guarded.ownership_layers[:-1]] == ["/", "/api", "/things"]
    assert guarded.app is app
    assert len(guarded.resolve_guards()) == 1
    assert free.resolve_guards() == []


def test_two_applications_of_the_same_routers_share_no_handler() -> None:
    one, other = _make(), _make()
    for place, handler in _handlers(one).items():
        assert handler is not _handlers(other)[place]
        assert handler.app is one


def test_the_routes_of_a_router_have_one_handler_of_options() -> None:
    def count() -> int:
        gc.collect()
        made = (each for each in gc.get_objects() if isinstance(each, HTTPRouteHandler))
        return sum("OPTIONS" in handler.http_methods for handler in made)

    before = count()
    app = _make()
    assert count() - before == len([_THINGS, _ONE_THING])
    assert all("OPTIONS" in route.methods for route in app.routes if isinstance(route, HTTPRoute))


def test_options_of_a_path_demand_what_its_first_handler_demands() -> None:
    free = Router("/things", route_handlers=[replace_things])
    for routers, guards in (([_THINGS, free], 1), ([free, _THINGS], 0)):
        app = Litestar([Router("/api", route_handlers=routers)], openapi_config=None)
        (route,) = (each for each in app.routes if each.path == "/api/things")
        assert isinstance(route, HTTPRoute)
        assert route.methods == {"GET", "POST", "PUT", "OPTIONS"}
        handler, _ = route.route_handler_map["OPTIONS"]
        assert len(handler.resolve_guards()) == guards


def test_a_router_that_would_make_its_routes_itself_is_refused() -> None:
    with pytest.raises(TypeError, match="neither a handler of HTTP nor a router of dcvd"):
        Router("/api", route_handlers=[litestar.Router("/things", route_handlers=[])])
