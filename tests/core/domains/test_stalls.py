"""Many domains that wait at one stage at once are told so, and nobody's DNS is blamed."""

import pytest
from msgspec.structs import replace

from dcvd.core.diagnosis.cloudflare.findings import findings_of
from dcvd.core.diagnosis.cloudflare.stalls import find_crowds
from dcvd.core.diagnosis.summary import summarize_domain
from dcvd.core.domains.domain import DnsState, Domain, DomainStatus, Finding
from dcvd.core.domains.saas_zone import SaasZone, ZoneFault, ZoneFaultCode
from dcvd.core.domains.stalls import Stage, Stall, WaitingGroup, find_stage
from dcvd.core.instants import HOUR
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
        **{"cf_id": "id", "cf_status": cf_status, "cf_ssl_status": ssl, "cf_changed_at": NOW, **members},
    )


def group(count: int, cf_status: str = "pending", ssl: str = "pending_validation", **members: object) -> WaitingGroup:
    names = tuple(f"{cf_status}{ssl}{number}.com" for number in range(count))
    return WaitingGroup(first=waiting(cf_status, ssl, **members), registrable_names=names)


def stalled(stage: Stage, cause: str | None = None) -> SaasZone:
    return SaasZone(stalls=(Stall(stage=stage, cause=cause, count=37, since=NOW, until=NOW + HOUR),))


CAA_TEXT = (
    f"the Certificate Authority had trouble performing a DNS lookup: dns problem: timed out looking up CAA for {NAME}"
)
MPIC_TEXT = (
    "Certificate authority was unable to verify domain ownership from multiple geographic locations (MPIC failure)"
)


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


@pytest.mark.parametrize(("counts", "found"), [((4,), 0), ((5,), 5), ((3, 3), 6), ((), 0)])
def test_many_are_five_of_one_stage_by_their_registrable_names(counts: tuple[int, ...], found: int) -> None:
    groups = [
        group(count, "pending" if index else "active", cf_changed_at=NOW - index) for index, count in enumerate(counts)
    ]
    crowds = find_crowds(groups, NOW)
    assert [crowd.count for crowd in crowds] == ([found] if found else [])
    assert not crowds or (crowds[0].since, crowds[0].until) == (NOW - len(counts) + 1, NOW)


def test_one_customer_with_many_names_is_one() -> None:
    alone = [
        WaitingGroup(first=waiting(cf_ssl_errors=(f"{MPIC_TEXT} token {number}",)), registrable_names=("customer.com",))
        for number in range(9)
    ]
    assert find_crowds(alone, NOW) == ()


@pytest.mark.parametrize("text", ["a CAA record prevents issuance", "no valid public suffix"])
def test_what_no_outage_can_cause_is_of_each_domain_however_many_have_it(text: str) -> None:
    assert find_crowds([group(9, cf_ssl_errors=(text,))], NOW) == ()


def test_a_name_that_hides_where_it_leads_waits_for_nobody_until_cloudflare_has_seen_it() -> None:
    hidden = {"dns_state": DnsState.UNVERIFIABLE}
    assert find_stage(replace(waiting(), **hidden)) is None
    assert find_stage(replace(waiting("active"), **hidden)) is Stage.VALIDATION


def test_stages_stall_each_by_itself() -> None:
    groups = [
        group(5),
        group(5, ssl="pending_issuance"),
        group(4, ssl="pending_deployment"),
        group(9, ssl="unheard_of"),
    ]
    assert {stall.stage for stall in find_crowds(groups, NOW)} == {Stage.VALIDATION, Stage.ISSUANCE}


def test_what_few_are_told_of_their_own_dns_is_no_stall_of_the_many() -> None:
    groups = [group(9), group(4, cf_ssl_errors=(CAA_TEXT,)), group(6, cf_ssl_errors=(MPIC_TEXT,))]
    assert {(stall.cause, stall.count) for stall in find_crowds(groups, NOW)} == {(None, 9), ("mpic_failed", 6)}


@pytest.mark.parametrize("changed", [None, NOW - 1, NOW + HOUR + 1])
def test_whoever_came_to_the_stage_before_or_after_the_many_is_not_among_them(changed: int | None) -> None:
    assert findings_of(waiting(cf_changed_at=changed), NOW, saas_zone=stalled(Stage.VALIDATION)) == ()


def test_whoever_comes_later_is_not_blamed_for_what_is_said_of_many() -> None:
    late = waiting(cf_changed_at=NOW + HOUR + 1, cf_ssl_errors=(CAA_TEXT,))
    (finding,) = findings_of(late, NOW, saas_zone=stalled(Stage.VALIDATION, "caa_unanswered"))
    assert finding.code == "many_waiting"


def test_beside_what_is_said_of_many_the_domains_own_faults_stay_said() -> None:
    domain = waiting(cf_ssl_errors=(CAA_TEXT, "a CAA record prevents issuance"))
    found = findings_of(domain, NOW, saas_zone=stalled(Stage.VALIDATION, "caa_unanswered"))
    assert [finding.code for finding in found] in (["caa_blocks", "many_waiting"], ["many_waiting", "caa_blocks"])


@pytest.mark.parametrize(("statuses", "stage"), STAGES.items())
def test_whoever_waits_there_is_told_that_it_is_nobodys_fault_since_when_and_how_many(
    statuses: tuple[str, str], stage: Stage
) -> None:
    domain = waiting(*statuses)
    (finding,) = findings_of(domain, NOW, saas_zone=stalled(stage))
    assert (finding.code, finding.severity, finding.actor) == ("many_waiting", "warning", "nobody")
    assert "37 domains" in finding.message
    assert "2026-11-23T10:00:00Z" in finding.message
    assert f"no fault of {NAME}" in finding.message
    assert finding.message in summarize_domain(domain, (finding,))
    for other in set(Stage) - {stage}:
        assert findings_of(domain, NOW, saas_zone=stalled(other)) == ()


def test_what_the_operator_can_mend_is_not_told_as_nobodys_fault() -> None:
    fault = ZoneFault(code=ZoneFaultCode.FALLBACK_ORIGIN, message="There is no fallback origin.", since=NOW)
    found = findings_of(waiting(), NOW, saas_zone=stalled(Stage.VALIDATION).with_fault(fault))
    assert [finding.actor for finding in found] == ["operator"]


def test_what_the_ca_says_of_many_blames_nobodys_dns() -> None:
    domain = waiting(cf_ssl_errors=(CAA_TEXT,))
    (alone,) = findings_of(domain, NOW)
    assert (alone.code, alone.actor) == ("caa_unanswered", "customer")
    (of_many,) = findings_of(domain, NOW, saas_zone=stalled(Stage.VALIDATION, "caa_unanswered"))
    assert (of_many.code, of_many.actor) == ("many_waiting", "nobody")


def test_what_the_ca_says_of_one_stays_said_where_many_wait_for_something_else() -> None:
    domain = waiting(cf_ssl_errors=(CAA_TEXT,))
    for cause in (None, "http_challenge_blocked"):
        assert [each.code for each in findings_of(domain, NOW, saas_zone=stalled(Stage.VALIDATION, cause))] == [
            "caa_unanswered"
        ]


def test_what_our_own_check_found_wrong_stays_said() -> None:
    wrong = Finding(code="caa_blocks", severity="error", actor="customer", message="CAA forbids it.")
    domain = waiting(findings=(wrong,))
    assert findings_of(domain, NOW, saas_zone=stalled(Stage.VALIDATION)) == (wrong,)
