"""Ask dcvd's own client: many answers at once, each within its deadline, and nothing is left behind by any of them."""

import asyncio
from collections.abc import Mapping

from dcvd.kit.egress.client import EgressClient
from dcvd.kit.egress.failures import EgressError
from tests.kit.egress.grammar.receiver import FIRST
from tests.kit.egress.grammar.references import is_success
from tests.kit.receivers import egress

_GRACE_S = 10.0  # for a machine that is busy; a request that is stuck takes for ever
_GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def ask(timeouts: Mapping[str, float], connections: int, *, is_kept: bool = False) -> dict[str, bool]:
    """Of each URL whether a status of success was got from it within its timeout in seconds.

    `is_kept`: over a connection that was used before.
    """
    verdicts: dict[str, bool] = {}
    left = iter(timeouts.items())

    async def work(client: EgressClient) -> None:
        for url, timeout_s in left:
            if is_kept:
                assert await _ask_one(client, url + FIRST.decode().rstrip(), 30)
            verdicts[url] = await _ask_one(client, url, timeout_s, is_kept=is_kept)

    async with egress(max_connections=connections) as client:
        await asyncio.gather(*(work(client) for _ in range(connections)))
        await _use_every_slot(client, connections)
    return verdicts


async def _ask_one(client: EgressClient, url: str, timeout_s: float, *, is_kept: bool = False) -> bool:
    async with asyncio.timeout(timeout_s + _GRACE_S):
        try:
            answer = await client.post(url, b"{}", {}, timeout_s=timeout_s, owner="org_a")
        except EgressError:
            return False
        is_new = answer.timings.connect_ms is not None and answer.repeated is None
        assert is_new is not is_kept
        return is_success(answer.status)


async def _use_every_slot(client: EgressClient, connections: int) -> None:
    """A receiver that answers nobody before all have asked: one slot that is stuck, and none gets its answer."""
    barrier = asyncio.Barrier(connections)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await barrier.wait()
        writer.write(_GOOD)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1024) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        assert all(await asyncio.gather(*(_ask_one(client, url, 20) for _ in range(connections))))
