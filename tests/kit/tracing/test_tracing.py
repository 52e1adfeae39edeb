"""Spans go to a collector by OTLP, cost nothing without one, and hold up nobody where it is dead."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator

import pytest

from dcvd.errors import Permanent
from dcvd.kit.tracing.otlp import OtlpRecorder
from dcvd.kit.tracing.spans import Tracing
from tests.free_ports import find_free_port
from tests.kit.tracing.collector import ERROR, Collector, attributes, collecting

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as found:
        yield found


@pytest.fixture
async def tracing(collector: Collector) -> AsyncIterator[Tracing]:
    found = Tracing()
    found.start(OtlpRecorder(collector.url, headers={"authorization": "Bearer t0ken"}))
    yield found
    await found.stop(5)


async def test_spans_arrive_with_what_they_are_part_of(collector: Collector, tracing: Tracing) -> None:
    async def ask(number: int) -> None:
        with tracing.span("dns query", "client") as span:
            span.set("number", number)
            await asyncio.sleep(0)

    with tracing.span("domain check") as span:
        span.set("dcvd.domain_id", "dom_1")
        span.set("absent", None)
        await asyncio.gather(ask(1), ask(2))
        span.rename("check")
    with tracing.span("other"):
        pass
    assert await tracing.stop(5)
    (check,) = collector.named("check")
    assert attributes(check) == {"dcvd.domain_id": "dom_1"}
    assert sorted(attributes(each)["number"] for each in collector.children(check)) == [1, 2]
    (other,) = collector.named("other")
    assert not other.parent_span_id
    assert other.trace_id != check.trace_id
    assert collector.resources[0]["service.name"] == "dcvd"
    assert collector.headers[0]["authorization"] == "Bearer t0ken"


async def test_a_failure_is_named_by_its_code_and_says_nothing_of_its_subject(
    collector: Collector, tracing: Tracing
) -> None:
    with pytest.raises(Permanent), tracing.span("one"):
        raise Permanent("shop.customer.example was refused", code="hostname_refused")
    with pytest.raises(KeyError), tracing.span("two"):
        raise KeyError("shop.customer.example")
    with tracing.span("three") as span:
        span.fail("timeout")
    await tracing.stop(5)
    assert {span.name: attributes(span)["error.type"] for span in collector.spans} == {
        "one": "hostname_refused",
        "two": "KeyError",
        "three": "timeout",
    }
    assert {span.status.code for span in collector.spans} == {ERROR}
    assert b"customer" not in b"".join(collector.raw)


async def test_a_trace_of_somebody_elses_is_linked_and_what_is_none_is_not(
    collector: Collector, tracing: Tracing
) -> None:
    with tracing.span("linked") as span:
        span.link(PARENT)
    with tracing.span("not") as span:
        for text in (
            "",
            "00-0-0-0",
            PARENT.replace("0af7", "zzzz"),
            "00-" + "0" * 32 + "-b7ad6b7169203331-01",
            "x" * 9000,
        ):
            span.link(text)
    await tracing.stop(5)
    (linked,) = collector.named("linked")
    assert [link.trace_id.hex() for link in linked.links] == ["0af7651916cd43dd8448eb211c80319c"]
    assert linked.trace_id.hex() != "0af7651916cd43dd8448eb211c80319c"
    assert not collector.named("not")[0].links


async def test_a_share_of_the_traces_is_recorded_each_as_a_whole(collector: Collector) -> None:
    tracing = Tracing()
    tracing.start(OtlpRecorder(collector.url, sample_ratio=0.5))
    for _ in range(200):
        with tracing.span("outer"), tracing.span("inner"):
            pass
    await tracing.stop(5)
    outer, inner = collector.named("outer"), collector.named("inner")
    assert 40 < len(outer) < 160
    assert {span.trace_id for span in outer} == {span.trace_id for span in inner}


async def test_spans_that_a_dead_collector_does_not_take_are_dropped_and_hold_up_nobody() -> None:
    tracing = Tracing()
    tracing.start(OtlpRecorder(f"http://127.0.0.1:{find_free_port()}"))
    for _ in range(10_000):
        with tracing.span("lost"):
            pass
    began = time.monotonic()
    await tracing.stop(0.2)
    assert time.monotonic() - began < 5


async def test_a_collector_that_hangs_holds_up_the_stop_for_no_longer_than_is_said(collector: Collector) -> None:
    release = asyncio.Event()
    collector.hold = release.wait
    tracing = Tracing()
    tracing.start(OtlpRecorder(collector.url))
    with tracing.span("held"):
        pass
    began = time.monotonic()
    assert not await tracing.stop(0.1)
    assert time.monotonic() - began < 5
    assert not tracing.is_on
    with tracing.span("after"):
        pass
    release.set()
    await collector.gets("held")
    assert not collector.named("after")


async def test_a_collector_that_refuses_changes_nothing(collector: Collector, tracing: Tracing) -> None:
    collector.refuse = 400
    with tracing.span("refused"):
        pass
    assert await tracing.stop(5)
    assert collector.headers


async def test_without_a_recorder_a_span_is_nothing_and_costs_next_to_nothing() -> None:
    tracing = Tracing()
    assert not tracing.is_on
    assert await tracing.stop(0)

    def measure() -> float:
        began = time.process_time()
        for _ in range(5000):
            with tracing.span("request", "server") as span:
                span.set("a", 1)
        return (time.process_time() - began) / 5000

    # Some 0.3 µs where the machine is idle; the bound is that of one that is busy.
    assert min(measure() for _ in range(20)) < 3e-6


def test_the_daemon_needs_no_opentelemetry_without_a_collector() -> None:
    code = (
        "import sys; sys.modules['opentelemetry'] = None; import dcvd.daemon;"
        "from dcvd.kit.tracing.installation import is_installed; assert not is_installed();"
        "from dcvd.config import Config; from dcvd.config.tracing_section import TracingConfig;"
        "from dcvd.daemon.tracing import start_tracing; from dcvd.kit.tracing import TRACING;"
        "start_tracing(Config(tracing=TracingConfig(otlp_endpoint='http://127.0.0.1:1'))); assert not TRACING.is_on;"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry.')]"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "pip install 'dcvd[otel]'" in done.stdout + done.stderr
