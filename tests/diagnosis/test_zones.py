"""Zones at a real DNS server: each that shows a fault is told so with what to type, and its neighbours are not."""

from collections.abc import Sequence

import pytest

from dcvd.core.diagnosis.dns import diagnose_dns
from dcvd.core.domains.domain import DnsState, Finding
from tests.core.builders import NOW
from tests.diagnosis.cases import AUTHORITY, ROUTING, SURROUNDINGS, Case
from tests.dns.served import Serve, Served

pytestmark = pytest.mark.sweep

UNREGISTERED = "gone.test"


async def serve_all(serve: Serve, cases: Sequence[Case]) -> Served:
    """Every zone but the one that nobody registered, below a parent that lists the registrable ones."""
    zones = {case.zone: case.text for case in cases if case.zone != UNREGISTERED} | SURROUNDINGS
    registered = [zone for zone in zones if zone.count(".") == 1]
    parent = "\n".join(f"{zone}. NS ns.{zone}." for zone in (*registered, "sandbox.test"))
    # The parent first: to the sandbox all zones are one, and the zone's own NS records are those that count.
    return await serve({"test": parent, **zones})


async def findings(served: Served, case: Case, *, thorough: bool) -> tuple[DnsState | None, tuple[Finding, ...]]:
    facts = await served.look(case.name, challenge=case.wanted.is_delegated, thorough=thorough)
    verdict = diagnose_dns(facts, case.wanted, NOW)
    return verdict.state, verdict.findings


@pytest.mark.parametrize("cases", [ROUTING, AUTHORITY], ids=["routing", "authority"])
async def test_each_zone_is_told_its_fault_and_no_other(serve: Serve, cases: tuple[Case, ...]) -> None:
    served = await serve_all(serve, cases)
    wrong = []
    for case in cases:
        for thorough in (False, True):
            _, found = await findings(served, case, thorough=thorough)
            said = tuple((finding.code, finding.fix) for finding in found)
            if said != case.says:
                wrong.append((case.name, thorough, said))
    assert wrong == []
