"""Each zone of zones/ at a real DNS server: what is found there, and what is not."""

import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

from dcvd.core.diagnosis.dns import diagnose_dns
from dcvd.core.diagnosis.requirements import DnsRequirements
from dcvd.core.domains.domain import Finding
from tests.core.builders import NOW
from tests.dns.served import Serve, Served
from tests.faults import state

CASES: Final = sorted(Path(__file__).with_name("zones").glob("*.toml"))
DELEGATION: Final = "app.customer.test.0123456789abcdef.dcv.cloudflare.com"
"""Where `_acme-challenge.app.customer.test` has to lead; in the files $T is the target, and $D this name."""

_MOST_OF_A_ROUTINE_CHECK: Final = 30
_MOST_QUERIES: Final = 60
_SURROUNDINGS: Final = {"vendor.test": "old A 192.0.2.9\nmx A 192.0.2.25"}


def _params() -> list[Any]:
    """Each case at the sandbox's server, and at Knot, unless its records are such that Knot does not serve them."""
    params = []
    for path in CASES:
        case = tomllib.loads(path.read_text())
        params.append(pytest.param(case, "sandbox", id=path.stem))
        if not case.get("sandbox_only", False):
            params.append(pytest.param(case, "knot", id=f"{path.stem}-knot", marks=pytest.mark.sweep))
    return params


@pytest.mark.parametrize(("case", "serve"), _params(), indirect=["serve"])
async def test_what_is_found_in_a_zone(case: dict[str, Any], serve: Serve) -> None:
    assert case["source"], "where it was reported or is documented"
    zones = {zone: _fill(text) for zone, text in case["zones"].items()} | _SURROUNDINGS
    registered = [zone for zone in zones if zone.count(".") == 1 and zone.endswith(".test")]
    parent = "\n".join(f"{zone}. NS ns.{zone}." for zone in (*registered, "sandbox.test"))
    served = await serve({"test": parent, **zones})
    for name, kind, *values in case.get("beside", []):
        served.sandboxes[0].set_dns(name, kind, values)
    delegated = case.get("validation") == "delegated"
    target = DELEGATION if delegated else None
    wanted = DnsRequirements(
        validation="delegated" if delegated else "http", wildcard=case.get("wildcard", False), challenge_target=target
    )
    expected = [(each["code"], each["actor"], _fill(each.get("fix", ""))) for each in case.get("findings", [])]
    for thorough in (True,) if case.get("thorough_only", False) else (False, True):
        asked_before = await _count_queries(served)
        facts = await served.look(
            case.get("hostname", "app.customer.test"),
            challenge=delegated,
            challenge_target=target,
            below=wanted.wildcard,
            thorough=thorough,
        )
        queries = await _count_queries(served) - asked_before
        assert queries < (_MOST_QUERIES if thorough else _MOST_OF_A_ROUTINE_CHECK), thorough
        diagnosis = diagnose_dns(facts, wanted, NOW)
        messages = [finding.message for finding in diagnosis.findings]
        found = [(finding.code, finding.actor, _describe_fix(finding)) for finding in diagnosis.findings]
        assert found == expected, (thorough, messages)
        assert diagnosis.state == case["state"], thorough
        if "challenge_verified" in case:
            assert diagnosis.challenge_verified == case["challenge_verified"]
        for words in case.get("says", []):
            assert any(_fill(words) in message for message in messages), (words, messages)


async def _count_queries(served: Served) -> int:
    """How many queries the sandbox has answered so far; none where Knot serves, which does not tell."""
    counts = [(await state(sandbox))["dnsQueries"] for sandbox in served.sandboxes]
    return sum(sum(each.values()) for each in counts)


def _describe_fix(finding: Finding) -> str:
    return "" if finding.fix is None else f"{finding.fix.type} {finding.fix.name} {finding.fix.value}"


def _fill(text: str) -> str:
    return text.replace("$T", "edge.sandbox.test").replace("$D", DELEGATION)
