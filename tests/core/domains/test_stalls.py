"""Many domains that wait at one stage at once are told so, and nobody's DNS is blamed."""

import pytest
from msgspec.structs import replace

from dcvd.core.diagnosis.cloudflare.findings import findings_of
from dcvd.core.diagnosis.summary import summarize_domain
from dcvd.core.domains.domain import DnsState, Domain, DomainStatus, Finding
from dcvd.core.domains.saas_zone import SaasZone, ZoneFault, ZoneFaultCode
from dcvd.core.domains.stalls import Stage, StageWait, Stall, find_stage, find_stalls
from tests.core.builders import HOSTNAME_STATUSES, NAME, NOW, SSL_STATUSES, added_domain

STAGES = {
    ("pending", "initializing"): Stage.ORDER,
    ("pending", "pending_validation"): Stage.VALIDATION,
    ("active", "pending_validation"): Stage.VALIDATION,
    ("pending", "pending_issuance"): Stage.ISSUANCE,
    ("active", "pending_deployment"): Stage.DEPLOYMENT,
    ("active", "holding_deployment"): Stage.DEPLOYMENT,
    ("pending", "active"): Stage.HOSTNAME,
}


def waiting(cf_status: str | None = "pending", ssl: str | None = "pending_validation", **members: object) -> Domain:
    return replace(
        added_domain(),
        status=DomainStatus.ISSUING,
        dns_state=DnsState.VERIFIED,
        cf_id="id",
        cf_status=cf_status,
        cf_ssl_status=ssl,
        **members,
    )


def wait(count: int, since: int = NOW, cf_status: str = "pending", ssl: str = "pending_validation") -> StageWait:
    return StageWait(cf_status=cf_status, cf_ssl_status=ssl, count=count, since=since)


def stalled(stage: Stage) -> SaasZone:
    return SaasZone(stalls=(Stall(stage=stage, count=37, since=NOW),))


def test_the_stage_is_what_cloudflare_works_at() -> None:
    for cf_status in (*HOSTNAME_STATUSES, None, "unheard_of"):
        for ssl in (*SSL_STATUSES, None, "unheard_of"):
            expected = STAGES.get((cf_status or "", ssl or ""))
            if cf_status == "active_redeploying":
                expected = STAGES.get(("active", ssl or ""))
            found = find_stage(waiting(cf_status, ssl))
            if cf_status in ("pending", "active", "active_redeploying") and expected is None:
                assert found is None or (cf_status, ssl) not in STAGES, (cf_status, ssl)
            elif cf_status not in ("pending", "active", "active_redeploying"):
                assert found is None, (cf_status, ssl)
            else:
                assert found is expected, (cf_status, ssl)


@pytest.mark.parametrize(
    "members",
    [
        {"status": DomainStatus.ACTIVE},
        {"status": DomainStatus.ERROR},
        {"cf_id": None},
        {"dns_state": DnsState.FAILED},
        {"dns_state": DnsState.UNKNOWN},
        {"validation": "delegated", "challenge_verified": False},
    ],
)
def test_a_domain_whose_own_dns_is_not_right_is_at_no_stage(members: dict[str, object]) -> None:
    assert find_stage(replace(waiting(), **members)) is None


@pytest.mark.parametrize(
    ("counts", "activations", "found"),
    [((4,), 0, 0), ((5,), 0, 5), ((3, 3), 0, 6), ((5,), 4, 5), ((5,), 5, 0), ((40,), 1000, 0), ((), 0, 0)],
)
def test_a_stage_has_stalled_where_many_wait_and_fewer_have_passed(
    counts: tuple[int, ...], activations: int, found: int
) -> None:
    waits = [wait(count, NOW - index, "pending" if index else "active") for index, count in enumerate(counts)]
    stalls = find_stalls(waits, activations)
    assert [stall.count for stall in stalls] == ([found] if found else [])
    assert not stalls or stalls[0].since == NOW - len(counts) + 1


def test_stages_stall_each_by_itself() -> None:
    waits = [wait(5), wait(5, ssl="pending_issuance"), wait(4, ssl="pending_deployment"), wait(9, ssl="unheard_of")]
    assert {stall.stage for stall in find_stalls(waits, 0)} == {Stage.VALIDATION, Stage.ISSUANCE}


@pytest.mark.parametrize(("statuses", "stage"), STAGES.items())
def test_whoever_waits_there_is_told_that_it_is_nobodys_fault_since_when_and_how_many(
    statuses: tuple[str, str], stage: Stage
) -> None:
    domain = waiting(*statuses)
    (finding,) = findings_of(domain, saas_zone=stalled(stage))
    assert (finding.code, finding.severity, finding.actor) == ("many_waiting", "warning", "nobody")
    assert "37 domains" in finding.message
    assert "2026-11-23T10:00:00Z" in finding.message
    assert f"no fault of {NAME}" in finding.message
    assert finding.message in summarize_domain(domain, (finding,))
    for other in set(Stage) - {stage}:
        assert findings_of(domain, saas_zone=stalled(other)) == ()


def test_what_the_operator_can_mend_is_not_told_as_nobodys_fault() -> None:
    fault = ZoneFault(code=ZoneFaultCode.FALLBACK_ORIGIN, message="There is no fallback origin.", since=NOW)
    found = findings_of(waiting(), saas_zone=stalled(Stage.VALIDATION).with_fault(fault))
    assert [finding.actor for finding in found] == ["operator"]


def test_what_the_ca_says_of_many_blames_nobodys_dns() -> None:
    said = f"the Certificate Authority had trouble performing a DNS lookup: dns problem: looking up caa for {NAME}"
    domain = waiting(cf_ssl_errors=(said,))
    assert "customer" in [finding.actor for finding in findings_of(domain)]
    assert {finding.actor for finding in findings_of(domain, saas_zone=stalled(Stage.VALIDATION))} == {"nobody"}


def test_what_our_own_check_found_wrong_stays_said() -> None:
    wrong = Finding(code="caa_blocks", severity="error", actor="customer", message="CAA forbids it.")
    domain = waiting(findings=(wrong,))
    assert findings_of(domain, saas_zone=stalled(Stage.VALIDATION)) == (wrong,)
