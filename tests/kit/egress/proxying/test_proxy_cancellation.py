"""Whoever gives up on the way through a proxy leaves nothing open, however far it had come."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from dcvd.kit.egress.proxying.proxy import HttpProxy
from tests.kit.egress.test_tls import make_certificate, server_tls, trusting
from tests.kit.proxies import proxying
from tests.kit.receivers import egress, ok, open_sockets, receiver
from tests.system_names import Resolver
from tests.waiting import until

_TURNS = 40
"""More than a request takes on loopback, whatever is encrypted."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls") / "localhost.pem")


@pytest.mark.parametrize("proxy_scheme", ["http", "https"])
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["127.0.0.2", "127.0.0.1"]], ids=["one address", "two"])
async def test_a_cancellation_after_any_number_of_turns_leaves_no_socket_and_no_task(
    proxy_scheme: str, scheme: str, addresses: list[str], certificate: Path, resolver: Resolver
) -> None:
    resolver.answers["localhost"] = [["127.0.0.1"]]
    resolver.answers["hooks.test"] = [addresses]
    tls = server_tls(certificate)
    trust = trusting(certificate)
    completed = 0
    async with (
        receiver(ok, tls if scheme == "https" else None) as port,
        proxying(tls if proxy_scheme == "https" else None) as proxy,
    ):
        through = HttpProxy(f"{proxy_scheme}://localhost:{proxy.port}", None, trust)
        proxy.refusals[f"127.0.0.2:{port}"] = 503
        host = "localhost" if len(addresses) == 1 else "hooks.test"
        before, tasks = open_sockets(), asyncio.all_tasks()
        for turns in range(_TURNS):
            async with egress(proxy=through, get_trust=trust) as client:
                posting = asyncio.create_task(
                    client.post(f"{scheme}://{host}:{port}/", b"{}", {}, timeout_s=60, owner="org_a")
                )
                for _ in range(turns):
                    await asyncio.sleep(0.0005)
                completed += posting.done()
                posting.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await posting

        async def nothing_left() -> bool:
            return not open_sockets() - before and not _unfinished(tasks)

        await until(nothing_left)
    assert completed < _TURNS


def _unfinished(before: set[asyncio.Task[object]]) -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks() - before if task.get_name().startswith("egress.")}
