"""The heartbeat goes out while the daemon does its work, and stays away as soon as a part of it does not."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
import structlog
from aiohttp import web
from msgspec.structs import replace

from dcvd.alerts import Heartbeat
from dcvd.alerts.heartbeat import VitalSign
from dcvd.core.domains.saas_zone import SaasZone, ZoneFault, ZoneFaultCode
from dcvd.core.secret import Secret
from dcvd.daemon.vital_signs import list_vital_signs
from dcvd.kit.egress.client import EgressClient
from dcvd.kit.egress.guard import EVERYWHERE
from dcvd.kit.egress.proxying.proxy import HttpProxy
from dcvd.kit.tls.trust import load_system_trust
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from tests.delivery.conftest import at_work, subscribe
from tests.delivery.owing import happen
from tests.delivery.receivers import Receiver, ok, receiving
from tests.free_ports import find_free_port
from tests.kit.proxies import proxying
from tests.sync.fleet import Noting, Pages, fleet, looking
from tests.unreliable_database import UnreliableDatabase
from tests.waiting import until

PATH = "/hooks"
STALL_S = 0.2


@pytest.fixture
async def monitor() -> AsyncIterator[Receiver]:
    """The service that misses heartbeats."""
    async with receiving() as found:
        yield found


def set_up(context: Context, url: str, interval: int = 10) -> None:
    config = context.config
    alerts = replace(config.alerts, heartbeat_url=Secret(url), heartbeat_interval=interval)
    context.live_config.value = replace(config, alerts=alerts)


@asynccontextmanager
async def beating(
    context: Context, signs: Mapping[str, VitalSign], *, proxy: HttpProxy | None = None, metrics: Metrics | None = None
) -> AsyncIterator[Heartbeat]:
    egress = EgressClient(EVERYWHERE, max_connections=1, proxy=proxy)
    await egress.start()
    heartbeat = Heartbeat(context, metrics or Metrics(), egress, signs, timeout_s=0.1, retry_s=0.01)
    task = asyncio.create_task(heartbeat.run(), name="heartbeat")
    try:
        yield heartbeat
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.wait([task])
        await egress.close()


async def until_silent(heartbeat: Heartbeat, monitor: Receiver) -> None:
    """Wait until a heartbeat was withheld; from then on none comes."""

    async def is_withheld() -> bool:
        return not await heartbeat.check_sending()

    await until(is_withheld)
    count = len(monitor.received)
    await asyncio.sleep(0.05)
    assert len(monitor.received) == count


async def until_heard(heartbeat: Heartbeat, monitor: Receiver) -> None:
    """Wait until another one comes."""
    await monitor.gets(len(monitor.received) + 1, PATH)
    await until(heartbeat.check_sending)


async def test_it_comes_again_and_again_as_an_empty_post_while_all_is_well(context: Context, monitor: Receiver) -> None:
    set_up(context, f"{monitor.url}?key=1")
    async with beating(context, {}) as heartbeat:
        assert heartbeat.is_set_up()
        await monitor.gets(3, PATH)
        assert await heartbeat.check_sending()
    assert {request.body for request in monitor.received} == {b""}
    assert {request.headers["Content-Length"] for request in monitor.received} == {"0"}


async def test_none_is_sent_without_a_url_nor_after_it_is_taken_away(context: Context, monitor: Receiver) -> None:
    async with beating(context, {}) as heartbeat:
        assert not heartbeat.is_set_up()
        set_up(context, monitor.url)
        await monitor.gets(2, PATH)
        config = context.config
        context.live_config.value = replace(config, alerts=replace(config.alerts, heartbeat_url=None))
        await asyncio.sleep(0.02)
        count = len(monitor.received)
        await asyncio.sleep(0.05)
        assert len(monitor.received) == count


async def test_it_stays_away_while_the_writer_is_held(
    context: Context, monitor: Receiver, database: UnreliableDatabase
) -> None:
    set_up(context, monitor.url)
    release = threading.Event()
    async with (
        at_work(context) as pool,
        looking(context, Noting(context), Pages()) as sync,
        beating(context, list_vital_signs(context, pool, sync)) as heartbeat,
    ):
        await until_heard(heartbeat, monitor)
        with structlog.testing.capture_logs() as lines:
            held = asyncio.create_task(database.maintain(lambda _: release.wait(30)))
            await until_silent(heartbeat, monitor)
            release.set()
            await held
            await until_heard(heartbeat, monitor)
    events = [line for line in lines if str(line["event"]).startswith("heartbeat.")]
    assert [line["event"] for line in events] == ["heartbeat.withheld", "heartbeat.resumed"]
    assert list(events[0]["parts"]) == ["writer"]


async def test_it_stays_away_while_nothing_can_be_stored(
    context: Context, monitor: Receiver, database: UnreliableDatabase
) -> None:
    set_up(context, monitor.url)

    def refuse(_: object) -> None:
        raise OSError("no space left")

    async with (
        at_work(context) as pool,
        looking(context, Noting(context), Pages()) as sync,
        beating(context, list_vital_signs(context, pool, sync)) as heartbeat,
    ):
        await until_heard(heartbeat, monitor)
        database.before_commit = refuse
        await until_silent(heartbeat, monitor)
        database.before_commit = None
        await until_heard(heartbeat, monitor)


async def test_it_stays_away_while_the_pool_of_webhooks_hangs(
    context: Context, org: str, monitor: Receiver, database: UnreliableDatabase
) -> None:
    set_up(context, monitor.url)
    await subscribe(context, org, f"{monitor.base}/elsewhere")
    release = asyncio.Event()
    async with looking(context, Noting(context), Pages()) as sync, at_work(context) as pool:
        signs = list_vital_signs(context, pool, sync, longest_stall_s=STALL_S)
        async with beating(context, {"delivery": signs["delivery"]}) as heartbeat:
            await until_heard(heartbeat, monitor)
            database.after_read = release.wait
            await happen(context, org)
            await until_silent(heartbeat, monitor)
            release.set()
            database.after_read = None
            await until_heard(heartbeat, monitor)


async def test_it_stays_away_while_checks_of_domains_hang(context: Context, org: str, monitor: Receiver) -> None:
    config = context.config
    context.live_config.value = replace(config, sync=replace(config.sync, concurrency=1, tick=20))
    set_up(context, monitor.url)
    await fleet(context, org, 1)
    async with (
        at_work(context) as pool,
        looking(context, Noting(context, lambda _: True), Pages(), longest_check_s=0.05) as sync,
        beating(context, list_vital_signs(context, pool, sync, longest_stall_s=STALL_S)) as heartbeat,
    ):
        with structlog.testing.capture_logs() as lines:
            await until_silent(heartbeat, monitor)
    (line,) = (line for line in lines if line["event"] == "heartbeat.withheld")
    assert list(line["parts"]) == ["sync"]


async def test_it_stays_away_while_cloudflare_refuses_the_token(context: Context, monitor: Receiver) -> None:
    set_up(context, monitor.url)
    refused = ZoneFault(code=ZoneFaultCode.UNAUTHORIZED, message="The API token was refused.", since=context.now())
    other = ZoneFault(code=ZoneFaultCode.QUOTA_EXCEEDED, message="All hostnames are used.", since=context.now())
    async with (
        at_work(context) as pool,
        looking(context, Noting(context), Pages()) as sync,
        beating(context, list_vital_signs(context, pool, sync)) as heartbeat,
    ):
        context.saas_zone.value = SaasZone().with_fault(other)
        await until_heard(heartbeat, monitor)
        context.saas_zone.value = SaasZone().with_fault(refused)
        await until_silent(heartbeat, monitor)
        context.saas_zone.value = SaasZone()
        await until_heard(heartbeat, monitor)


async def test_what_keeps_it_away_is_logged_once_for_each_change(context: Context, monitor: Receiver) -> None:
    set_up(context, monitor.url)
    faults: dict[str, str | None] = {"one": "It stands.", "two": None}

    async def tell(name: str) -> str | None:
        return faults[name]

    metrics = Metrics()
    signs = {"one": lambda: tell("one"), "two": lambda: tell("two")}
    with structlog.testing.capture_logs() as lines:
        async with beating(context, signs, metrics=metrics) as heartbeat:

            async def counted(count: float) -> None:
                async def is_so() -> bool:
                    return count_of(metrics, "withheld") >= count

                await until(is_so)

            await counted(5)
            faults["two"] = "It stands too."
            await counted(count_of(metrics, "withheld") + 5)
            faults["one"] = faults["two"] = None
            await until_heard(heartbeat, monitor)
    told = [(line["event"], list(line.get("parts", ()))) for line in lines if line["event"].startswith("heartbeat.")]
    assert told == [("heartbeat.withheld", ["one"]), ("heartbeat.withheld", ["one", "two"]), ("heartbeat.resumed", [])]
    assert count_of(metrics, "sent") >= 1


async def test_failures_are_counted_each_and_logged_once_without_the_url(context: Context, monitor: Receiver) -> None:
    async def redirect(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": f"{monitor.base}/elsewhere"})

    monitor.answer = redirect
    url = f"{monitor.base}/hooks/s3cret"
    set_up(context, url)
    metrics = Metrics()
    with structlog.testing.capture_logs() as lines:
        async with beating(context, {}, metrics=metrics) as heartbeat:
            await monitor.gets(5, "/hooks/s3cret")
            assert not await heartbeat.check_sending()
            monitor.answer = ok
            await until(heartbeat.check_sending)
            set_up(context, f"http://127.0.0.1:{find_free_port()}/s3cret")

            async def fails() -> bool:
                return not await heartbeat.check_sending()

            await until(fails)
    told = [(line["event"], line.get("reason")) for line in lines if line["event"].startswith("heartbeat.")]
    assert told == [
        ("heartbeat.failed", "status 302"),
        ("heartbeat.recovered", None),
        ("heartbeat.failed", "connection_refused"),
    ]
    assert count_of(metrics, "failed") >= 5
    assert "s3cret" not in str(lines)
    assert Counter(monitor.by_path)["/elsewhere"] == 0


async def test_a_monitor_that_is_silent_holds_nobody_up(context: Context, monitor: Receiver) -> None:
    async def hang(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    monitor.answer = hang
    set_up(context, monitor.url)
    with structlog.testing.capture_logs() as lines:
        async with beating(context, {}):
            await monitor.gets(2, PATH)
    assert [line["reason"] for line in lines if line["event"] == "heartbeat.failed"][:1] == ["timeout"]


async def test_it_takes_the_way_of_webhooks_through_their_proxy(context: Context, monitor: Receiver) -> None:
    set_up(context, monitor.url)
    async with (
        proxying() as proxy,
        beating(context, {}, proxy=HttpProxy(f"http://127.0.0.1:{proxy.port}", None, load_system_trust)) as heartbeat,
    ):
        await until_heard(heartbeat, monitor)
        assert proxy.asked == [monitor.base.removeprefix("http://")]


def count_of(metrics: Metrics, outcome: str) -> float:
    return metrics.registry.get_sample_value("dcvd_heartbeats_total", {"outcome": outcome}) or 0.0
