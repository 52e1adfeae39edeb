"""Where a receiver cannot be reached, another server tells whether the fault is our own."""

import asyncio
import email.utils
import time
from pathlib import Path

import pytest
from aiohttp import web

from dcvd.core.http.exchanges import OwnFault
from dcvd.kit.egress.control import ControlServer, ControlVerdict
from tests.kit.egress.test_tls import make_certificate, server_tls
from tests.kit.receivers import egress, failure, ok, raw_receiver, receiver, silent_backlog
from tests.system_names import Resolver


def _control(url: str, timeout_s: float = 10.0) -> ControlServer:
    return ControlServer(lambda: url, timeout_s=timeout_s, fault_lifetime_s=0)


async def test_a_server_that_answers_shows_that_all_is_well_whatever_it_answers() -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=403)

    async with receiver(refuse) as port:
        verdict = await _control(f"http://127.0.0.1:{port}/client/v4").ask()
    assert (verdict.way, verdict.trust) == (None, None)
    assert verdict.ahead_ms is not None
    assert abs(verdict.ahead_ms) < 60_000


async def test_a_server_that_refuses_the_connection_was_reached(unused_tcp_port: int) -> None:
    assert await _control(f"http://127.0.0.1:{unused_tcp_port}/").ask() == ControlVerdict()


async def test_a_server_that_never_answers_its_request_was_reached() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with raw_receiver(say_nothing) as port:
        assert await _control(f"http://127.0.0.1:{port}/", timeout_s=0.1).ask() == ControlVerdict()


async def test_silence_is_a_fault_of_the_network() -> None:
    async with silent_backlog("127.0.0.1") as port:
        verdict = await _control(f"http://127.0.0.1:{port}/", timeout_s=0.1).ask()
    assert verdict == ControlVerdict(way=OwnFault.NETWORK)


async def test_a_name_that_cannot_be_looked_up_is_a_fault_of_the_resolver(resolver: Resolver) -> None:
    resolver.is_down = True
    assert await _control("http://api.example/").ask() == ControlVerdict(way=OwnFault.RESOLVER)
    resolver.is_down = False
    assert await _control("http://api.example/").ask() == ControlVerdict()  # that there is none is an answer


@pytest.mark.parametrize(
    ("begins_in_days", "ends_in_days", "fault"),
    [(-1, 1, OwnFault.TRUST_STORE), (-9, -1, OwnFault.TRUST_STORE)],
)
async def test_a_certificate_that_everybody_knows_and_we_do_not_is_a_fault_of_our_store(
    begins_in_days: int, ends_in_days: int, fault: OwnFault, tmp_path: Path, resolver: Resolver
) -> None:
    made = make_certificate(tmp_path / "own.pem", begins_in_days=begins_in_days, ends_in_days=ends_in_days)
    resolver.answers["localhost"] = [["127.0.0.1"]]
    async with receiver(ok, server_tls(made)) as port:
        assert await _control(f"https://localhost:{port}/").ask() == ControlVerdict(trust=fault)


async def test_those_who_ask_at_once_share_an_answer_and_a_good_one_is_believed_for_a_while() -> None:
    asked = 0

    async def count(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.Response()

    async with receiver(count) as port:
        control = _control(f"http://127.0.0.1:{port}/")
        await asyncio.gather(*(control.ask() for _ in range(50)))
        await control.ask()
    assert asked == 1


async def test_a_fault_is_asked_for_anew_each_time(resolver: Resolver) -> None:
    resolver.is_down = True
    control = _control("http://api.example/")
    assert {verdict.way for verdict in await asyncio.gather(*(control.ask() for _ in range(50)))} == {OwnFault.RESOLVER}
    assert len(resolver.asked) == 1
    resolver.is_down = False
    resolver.answers["api.example"] = [["127.0.0.1"]]
    assert (await control.ask()).way is None


async def test_one_who_gives_up_leaves_the_question_to_the_next() -> None:
    async with receiver(ok) as port:
        control = _control(f"http://127.0.0.1:{port}/")
        first = asyncio.create_task(control.ask())
        await asyncio.sleep(0)
        second = asyncio.create_task(control.ask())
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).way is None


async def test_a_receiver_that_is_silent_is_to_blame_only_while_the_control_answers() -> None:
    async with silent_backlog("127.0.0.1") as silent, receiver(ok) as port:
        faults = {}
        for name, control_port in (("answers", port), ("is silent", silent)):
            control = _control(f"http://127.0.0.1:{control_port}/", timeout_s=0.1 if control_port == silent else 10)
            async with egress(control=control) as client:
                error = await failure(client, f"http://127.0.0.1:{silent}/", within=0.1)
                faults[name] = error.own_fault
    assert faults == {"answers": None, "is silent": OwnFault.NETWORK}


async def test_a_refused_certificate_is_our_fault_where_the_controls_is_refused_too(
    tmp_path: Path, resolver: Resolver
) -> None:
    unknown = make_certificate(tmp_path / "unknown.pem")
    resolver.answers["localhost"] = [["127.0.0.1"]]
    async with receiver(ok, server_tls(unknown)) as port, receiver(ok) as plain_port:
        async with egress(control=_control(f"https://localhost:{port}/")) as client:
            assert (await failure(client, f"https://localhost:{port}/")).own_fault is OwnFault.TRUST_STORE
        async with egress(control=_control(f"http://127.0.0.1:{plain_port}/")) as client:
            assert (await failure(client, f"https://localhost:{port}/")).own_fault is None


async def test_a_control_that_is_out_of_reach_alone_holds_nobody_up_while_others_answer() -> None:
    async with silent_backlog("127.0.0.1") as silent, receiver(ok) as port:
        control = _control(f"http://127.0.0.1:{silent}/", timeout_s=0.1)
        async with egress(control=control) as client:
            before = await failure(client, f"http://127.0.0.1:{silent}/", within=0.1)
            await client.post(f"http://127.0.0.1:{port}/", b"{}", {}, timeout_s=30, owner="org_b")
            after = await failure(client, f"http://127.0.0.1:{silent}/", within=0.1)
    assert (before.own_fault, after.own_fault) == (OwnFault.NETWORK, None)


async def test_an_answer_without_tls_says_nothing_of_our_trust_store(tmp_path: Path, resolver: Resolver) -> None:
    unknown = make_certificate(tmp_path / "unknown.pem")
    resolver.answers["localhost"] = [["127.0.0.1"]]
    async with (
        receiver(ok, server_tls(unknown)) as port,
        receiver(ok) as plain_port,
        egress(control=_control(f"https://localhost:{port}/")) as client,
    ):
        await client.post(f"http://127.0.0.1:{plain_port}/", b"{}", {}, timeout_s=30, owner="org_b")
        assert (await failure(client, f"https://localhost:{port}/")).own_fault is OwnFault.TRUST_STORE


@pytest.mark.parametrize(
    ("receiver_ahead_s", "control_ahead_s", "is_ours"),
    [(600, 600, True), (600, 0, False), (-600, -580, True), (-600, 600, False), (600, None, False)],
)
async def test_our_clock_is_wrong_where_the_controls_confirms_the_receivers(
    receiver_ahead_s: int, control_ahead_s: int | None, is_ours: bool
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        date = "" if control_ahead_s is None else email.utils.formatdate(time.time() + control_ahead_s, usegmt=True)
        writer.write(f"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nDate: {date}\r\n\r\n".encode())
        await writer.drain()

    async with raw_receiver(answer) as port, egress(control=_control(f"http://127.0.0.1:{port}/")) as client:
        assert await client.is_clock_wrong(receiver_ahead_s * 1000) is is_ours
    async with egress() as client:
        assert not await client.is_clock_wrong(receiver_ahead_s * 1000)
