"""Whether our own resolver and our own routes are to blame, by evidence that no tenant can make."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dcvd.core.http.exchanges import OwnFault
from dcvd.kit.egress.own_network import CONTROL_NAME, OwnNetwork
from tests.kit.receivers import egress, failure
from tests.system_names import Resolver


async def test_a_resolver_that_answers_about_one_name_is_not_down(resolver: Resolver) -> None:
    network = OwnNetwork()
    assert not await network.is_resolver_down()
    resolver.is_down = True
    assert not await network.is_resolver_down()  # believed for a while
    assert resolver.asked == [CONTROL_NAME]


async def test_a_resolver_that_can_ask_nobody_or_says_nothing_is_down_until_it_answers(resolver: Resolver) -> None:
    network = OwnNetwork(control_timeout_s=0.02)
    resolver.is_down = True
    assert await network.is_resolver_down()
    resolver.is_down = False
    resolver.silent_names = {CONTROL_NAME}
    assert await network.is_resolver_down()
    assert await network.is_resolver_down()
    assert len(resolver.asked) == 2  # the silent lookup goes on, and is not begun a second time
    resolver.silent.set()
    while await network.is_resolver_down():
        pass


async def test_a_name_whose_servers_are_silent_is_not_our_fault_while_the_resolver_works(resolver: Resolver) -> None:
    resolver.silent_names = {"slow.example"}
    resolver.failing_names = {"broken.example"}
    async with egress() as client:
        for url, kind in (("http://slow.example/", "timeout"), ("http://broken.example/", "dns")):
            error = await failure(client, url, within=0.05)
            assert (error.kind, error.own_fault) == (kind, None)
        assert (await failure(client, "http://unknown.example/")).own_fault is None


async def test_every_name_is_our_fault_while_the_resolver_is_down(resolver: Resolver) -> None:
    resolver.is_down = True
    async with egress() as client:
        assert (await failure(client, "http://hooks.example/")).own_fault is OwnFault.RESOLVER


def test_a_machine_without_a_network_has_no_route_and_knows_it() -> None:
    code = "from dcvd.kit.egress.own_network import has_route; print(has_route())"
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-rn", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let a process have a network of its own (unshare -rn)")
    done = subprocess.run(
        [unshare, "-rn", sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    assert done.stdout == "False\n"
