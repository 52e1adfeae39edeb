"""What the guide to the control API shows is what the control API does."""

from typing import get_args

from dcvd.sandbox.control.api import ControlApi
from dcvd.sandbox.control.guide import CALLS, format_guide
from dcvd.sandbox.edge.server import EdgeServer
from dcvd.sandbox.faults import ApiFaultKind, DnsFaultKind
from dcvd.sandbox.hostnames.statuses import HostnameStatus, SslStatus
from dcvd.sandbox.nameserver.server import Nameserver
from tests.sandbox.conftest import Caller


def test_it_has_every_call(caller: Caller) -> None:
    world = caller.sandbox.world
    routes = ControlApi(world, Nameserver(world.zone, world.faults), EdgeServer(world.find_edge_state)).routes()
    assert {(route.method, route.path) for route in routes} == {(call.method, call.path) for call in CALLS}


async def test_each_example_works_in_its_turn(caller: Caller) -> None:
    await caller.active("app.customer.test")
    for call in CALLS:
        answer = await caller.raw(
            call.method, caller.sandbox.control_url + call.example, data=call.body.encode() or None
        )
        assert answer.status < 300, (call, answer.raw)


async def test_it_is_served_as_text(caller: Caller) -> None:
    answer = await caller.control("GET", "")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert answer.raw.decode() == format_guide() + "\n"


def test_it_lists_every_choice_and_says_what_it_does_not_move_and_keep() -> None:
    text = " ".join(format_guide().split())
    for choices in (get_args(ApiFaultKind), get_args(DnsFaultKind), tuple(HostnameStatus), tuple(SslStatus)):
        assert ": " + ", ".join(choices) in text
    assert "Only the sandbox's clock moves" in text
    assert "forgets everything when it ends" in text


def test_it_fits_a_terminal_of_80_columns() -> None:
    assert max(map(len, format_guide().splitlines())) <= 78
