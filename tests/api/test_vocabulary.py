"""One word for each thing in all that is shown: `status`, and `dead` for what ended for good."""

from collections.abc import Iterator
from enum import StrEnum
from importlib import import_module
from typing import Any, Final, Literal, get_args, get_origin

import pytest
from msgspec import Struct
from msgspec.structs import fields

from dcvd.api.app import Api
from dcvd.cli.main import DEFERRED_COMMANDS
from dcvd.http.parameters import declared_parameters

_OF_OAUTH: Final = {"AuthorizationAnswer", "NewExchange"}
"""Their `state` is OAuth's own word."""
_NOT_ENDED: Final = {"DnsState"}
"""There `failed` is what was seen last, and goes on."""


def _views(kind: type[Struct] = Struct) -> Iterator[type[Struct]]:
    for each in kind.__subclasses__():
        if each.__module__.startswith(("dcvd.api.", "dcvd.cli.")):
            yield each
        yield from _views(each)


def _choices(annotation: Any) -> Iterator[tuple[str, str]]:
    """The values of every closed set in a type, each with the name of its set."""
    if get_origin(annotation) is Literal:
        yield from (("Literal", str(value)) for value in get_args(annotation))
    elif isinstance(annotation, type) and issubclass(annotation, StrEnum):
        yield from ((annotation.__name__, value) for value in annotation)
    else:
        for part in get_args(annotation):
            yield from _choices(part)


@pytest.mark.usefixtures("app")
def test_what_is_shown_has_a_status_and_no_state_and_is_dead_where_it_ended_for_good() -> None:
    for command in DEFERRED_COMMANDS.values():
        import_module(command.module)
    shown = {each for each in _views() if each.__name__ not in _OF_OAUTH}
    assert len(shown) > 60
    for view in shown:
        for field in fields(view):
            assert "state" not in field.encode_name.lower(), (view, field.encode_name)
            for owner, value in _choices(field.type):
                assert value != "failed" or owner in _NOT_ENDED, (view, field.encode_name)


def test_no_query_asks_for_a_state_but_the_pages_to_which_browsers_are_sent_back(app: Api) -> None:
    for route in app.routes:
        for handler, _ in getattr(route, "route_handler_map", {}).values():
            if "state" in declared_parameters(handler):
                assert route.path_format == "/domain-connect/done"
