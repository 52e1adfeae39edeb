"""A probe sees what serves a hostname, and blames nobody for our own network."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from dcvd.config import Config, Live, parse_address
from dcvd.core.custom_hostnames.edge import CertificateFault, EdgeObservation, EdgeOutcome, ProbeMode
from dcvd.core.http.exchanges import HttpResponse
from dcvd.core.records.zone_use import HostAddresses
from dcvd.custom_hostnames.edge_probe import EdgeProber, judge_answer
from dcvd.errors import OwnLimitReached
from dcvd.metrics import Metrics
from dcvd.sandbox import Sandbox
from dcvd.sandbox.edge.states import EdgeState
from tests.custom_hostnames.odd_certificates import ODD_CERTIFICATES, serving
from tests.faults import force_edge, state
from tests.waiting import until

NAME = "app.customer.test"
TARGET = "edge.sandbox.test"
CA = Path(__file__).parents[2] / "config" / "sandbox-edge-ca.pem"


class Dns:
    """What DNS has for every name."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.asked: list[str] = []
        self.is_out_of_sockets = False

    async def read_addresses(self, names: Sequence[str]) -> HostAddresses:
        self.asked += names
        if self.is_out_of_sockets:
            raise OwnLimitReached("No name server could be asked.")
        return HostAddresses(found=frozenset(self.addresses))


@pytest.fixture
def live(sandbox_config: Config, quick_sandbox: Sandbox) -> Live[Config]:
    sync = replace(sandbox_config.sync, probe_connect_to=parse_address(quick_sandbox.edge_address), probe_ca_file=CA)
    return Live(replace(sandbox_config, sync=sync))


def changed(live: Live[Config], **members: object) -> Live[Config]:
    return Live(replace(live.value, sync=replace(live.value.sync, **members)))


async def probe(
    live: Live[Config], dns: Dns | None = None, addresses: Sequence[str] = (), *, timeout_s: float = 10
) -> EdgeObservation:
    return await EdgeProber(live, dns or Dns(), Metrics()).probe(NAME, TARGET, addresses, timeout_s=timeout_s)


@pytest.mark.parametrize(
    ("forced", "outcome", "words"),
    [
        (EdgeState.SERVING, EdgeOutcome.SERVING, ()),
        (EdgeState.NO_CERTIFICATE, EdgeOutcome.NO_CERTIFICATE, ("handshake failure",)),
        (EdgeState.CLOSED, EdgeOutcome.NO_CERTIFICATE, ("closed the connection",)),
        (EdgeState.WRONG_NAME, EdgeOutcome.WRONG_CERTIFICATE, ("not valid for 'app.customer.test'",)),
        (EdgeState.EXPIRED, EdgeOutcome.WRONG_CERTIFICATE, ("certificate expired on",)),
        (EdgeState.UNTRUSTED, EdgeOutcome.WRONG_CERTIFICATE, ("unable to get local issuer",)),
        (EdgeState.REFUSED, EdgeOutcome.REFUSED, ()),
        (EdgeState.ORIGIN_DOWN, EdgeOutcome.ORIGIN_DOWN, ()),
    ],
)
async def test_each_state_of_the_edge_is_seen(
    live: Live[Config], quick_sandbox: Sandbox, forced: EdgeState, outcome: EdgeOutcome, words: tuple[str, ...]
) -> None:
    await force_edge(quick_sandbox, NAME, forced)
    seen = await probe(live)
    assert (seen.outcome, seen.address) == (outcome, "127.0.0.1")
    assert not [word for word in words if word not in (seen.fault or "")], seen.fault


async def test_a_certificate_that_is_refused_is_described(live: Live[Config], quick_sandbox: Sandbox) -> None:
    await force_edge(quick_sandbox, NAME, EdgeState.WRONG_NAME)
    seen = await probe(live)
    certificate = seen.certificate
    assert seen.certificate_fault is CertificateFault.WRONG_NAME
    assert certificate is not None
    assert (certificate.names, certificate.issuer) == (("other.sandbox.test",), "dcvd sandbox edge CA")
    assert certificate.issued_at < certificate.expires_at


async def test_an_edge_that_is_silent_is_out_of_reach_only_while_the_service_answers(
    live: Live[Config], quick_sandbox: Sandbox
) -> None:
    await force_edge(quick_sandbox, NAME, EdgeState.SILENT)
    seen = await probe(live, timeout_s=2)
    assert (seen.outcome, seen.fault) == (EdgeOutcome.UNREACHABLE, "127.0.0.1 did not answer within 0.6 s.")
    await force_edge(quick_sandbox, TARGET, EdgeState.SILENT)
    assert (await probe(live, timeout_s=1)).outcome is EdgeOutcome.UNKNOWN


async def test_a_fault_that_is_gone_at_the_second_look_is_none(live: Live[Config], quick_sandbox: Sandbox) -> None:
    await force_edge(quick_sandbox, NAME, EdgeState.NO_CERTIFICATE)
    task = asyncio.create_task(probe(live))

    async def is_controlled() -> bool:
        return TARGET in (await state(quick_sandbox))["edgeHandshakes"]

    await force_edge(quick_sandbox, TARGET, EdgeState.SILENT)
    await until(is_controlled)
    await force_edge(quick_sandbox, NAME, EdgeState.SERVING)
    assert (await task).outcome is EdgeOutcome.UNKNOWN


@pytest.mark.parametrize(
    "forced", [EdgeState.NO_CERTIFICATE, EdgeState.WRONG_NAME, EdgeState.EXPIRED, EdgeState.UNTRUSTED, EdgeState.CLOSED]
)
async def test_what_the_services_own_name_shows_too_may_be_our_network(
    live: Live[Config], quick_sandbox: Sandbox, forced: EdgeState
) -> None:
    for name in (NAME, TARGET):
        await force_edge(quick_sandbox, name, forced)
    assert (await probe(live)).outcome is EdgeOutcome.UNKNOWN


async def test_a_port_where_nobody_listens_says_nothing_of_the_hostname(live: Live[Config]) -> None:
    nowhere = changed(live, probe_connect_to=parse_address("127.0.0.1:1"))
    assert (await probe(nowhere)).outcome is EdgeOutcome.UNKNOWN


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "::1", "169.254.169.254", "not an address"])
async def test_addresses_of_private_networks_are_never_dialled(live: Live[Config], address: str) -> None:
    real = changed(live, probe_connect_to=None)
    assert (await probe(real, Dns(), [address])).outcome is EdgeOutcome.UNKNOWN
    assert (await probe(real, Dns(address))).outcome is EdgeOutcome.UNKNOWN


async def test_only_the_services_own_name_is_looked_up(live: Live[Config]) -> None:
    dns = Dns()
    await probe(changed(live, probe_connect_to=None), dns, ["10.0.0.1"])
    assert dns.asked == [TARGET]


async def test_without_addresses_sockets_or_authorities_nothing_is_known(live: Live[Config], tmp_path: Path) -> None:
    real = changed(live, probe_connect_to=None)
    assert (await probe(real, Dns())).outcome is EdgeOutcome.UNKNOWN
    starved = Dns("192.0.2.1")
    starved.is_out_of_sockets = True
    assert (await probe(real, starved)).outcome is EdgeOutcome.UNKNOWN
    for content in (None, b"", b"no certificate"):
        path = tmp_path / "ca.pem"
        if content is not None:
            path.write_bytes(content)
        assert (await probe(changed(live, probe_ca_file=path))).outcome is EdgeOutcome.UNKNOWN


@pytest.mark.parametrize("kind", ODD_CERTIFICATES)
async def test_a_certificate_that_is_made_to_be_unreadable_is_refused_like_any_other(
    live: Live[Config], kind: str, tmp_path: Path
) -> None:
    async with serving(tmp_path, NAME, ODD_CERTIFICATES[kind]) as port:
        seen = await probe(changed(live, probe_connect_to=parse_address(f"127.0.0.1:{port}")))
    assert (seen.outcome, seen.certificate_fault) == (EdgeOutcome.WRONG_CERTIFICATE, CertificateFault.UNTRUSTED)


async def test_a_file_of_authorities_is_read_again_once_it_was_changed(
    live: Live[Config], quick_sandbox: Sandbox, tmp_path: Path
) -> None:
    await force_edge(quick_sandbox, NAME, EdgeState.SERVING)
    path = tmp_path / "ca.pem"
    path.write_bytes(b"none yet")
    prober = EdgeProber(changed(live, probe_ca_file=path), Dns(), Metrics())
    assert (await prober.probe(NAME, TARGET, timeout_s=10)).outcome is EdgeOutcome.UNKNOWN
    path.write_bytes(CA.read_bytes())
    assert (await prober.probe(NAME, TARGET, timeout_s=10)).outcome is EdgeOutcome.SERVING


async def test_probes_that_are_switched_off_dial_nobody(live: Live[Config]) -> None:
    off: ProbeMode = "never"
    assert (await probe(changed(live, probe=off))).outcome is EdgeOutcome.NOT_PROBED


async def test_a_probe_can_be_cancelled_wherever_it_is(live: Live[Config], quick_sandbox: Sandbox) -> None:
    await force_edge(quick_sandbox, NAME, EdgeState.SILENT)
    task = asyncio.create_task(probe(live))

    async def is_asked() -> bool:
        return NAME in (await state(quick_sandbox))["edgeHandshakes"]

    await until(is_asked)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


SEEN = EdgeObservation(outcome=EdgeOutcome.SERVING, address="192.0.2.1")


@pytest.mark.parametrize(
    ("status", "server", "body", "outcome", "number"),
    [
        (200, "cloudflare", b"error code: 1001", EdgeOutcome.SERVING, None),
        (404, "cloudflare", b"Not found", EdgeOutcome.SERVING, None),
        (403, "cloudflare", b"error code: 1020", EdgeOutcome.SERVING, None),
        (403, "nginx", b"error code: 1014", EdgeOutcome.SERVING, None),
        (403, "cloudflare", b"error code: 1014", EdgeOutcome.REFUSED, 1014),
        (409, "cloudflare", b"error code: 1001", EdgeOutcome.REFUSED, 1001),
        (530, "cloudflare", b'<span class="cf-error-code">1018</span>', EdgeOutcome.REFUSED, 1018),
        (530, "cloudflare", b"error code: 1016", EdgeOutcome.ORIGIN_DOWN, 1016),
        (530, "cloudflare", b"", EdgeOutcome.ORIGIN_DOWN, None),
        (522, "cloudflare", b"error code: 522", EdgeOutcome.ORIGIN_DOWN, None),
        (502, "cloudflare", b"Bad gateway", EdgeOutcome.SERVING, None),
        (500, "", b"", EdgeOutcome.SERVING, None),
    ],
)
def test_only_cloudflares_own_errors_mean_anything(
    status: int, server: str, body: bytes, outcome: EdgeOutcome, number: int | None
) -> None:
    answer = HttpResponse(status, {"server": server} if server else {}, body)
    judged = judge_answer(SEEN, answer)
    assert (judged.outcome, judged.cloudflare_error, judged.status) == (outcome, number, status)
