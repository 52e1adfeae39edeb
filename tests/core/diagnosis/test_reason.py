"""Why a domain is not as it should be, and since when that is too long."""

from typing import Any

import pytest
from msgspec.structs import replace

from dcvd.core.diagnosis.awaited import Awaited
from dcvd.core.diagnosis.cloudflare.findings import findings_of
from dcvd.core.diagnosis.reason import STUCK_AFTER_MS, WAITING, Reason, find_awaited, find_reason, is_stuck
from dcvd.core.domains.domain import (
    DnsState,
    Domain,
    DomainError,
    DomainErrorCode,
    DomainStatus,
    Finding,
    FindingActor,
    Severity,
)
from dcvd.core.instants import HOUR, to_rfc3339
from dcvd.core.lifecycle.remedies import next_remedy_at
from tests.core.builders import NOW, active_story, added_domain

LONG_AGO = NOW - STUCK_AFTER_MS


def finding(
    code: str, severity: Severity = "error", actor: FindingActor = "customer", since: int | None = NOW
) -> Finding:
    return Finding(code=code, severity=severity, actor=actor, message="It is wrong.", since=since)


def failed(code: str) -> Domain:
    return replace(added_domain(), status=DomainStatus.ERROR, error=DomainError(code, "It is over."), cf_changed_at=7)


def test_the_most_severe_finding_decides() -> None:
    found = find_reason(replace(added_domain(), findings=(finding("cname_missing"), finding("ns_lame", "warning"))))
    assert found == Reason(code="cname_missing", actor=Awaited.CUSTOMER, since=NOW)


@pytest.mark.parametrize(
    "members",
    [
        {"name": "xn--i-7iq.customer.com"},
        {"dormant_since": NOW},
        {"cf_status": "blocked"},
        {"cf_status": "pending", "cf_errors": ("The hostname is associated with a held zone.",)},
        {"cf_status": "pending", "cf_differences": ("ssl.method is txt",)},
        {"cf_ssl_status": "pending_validation", "cf_ssl_errors": ("caa_error: nobody may issue",)},
        {"cf_ssl_status": "validation_timed_out"},
        {"error": DomainError(DomainErrorCode.HOSTNAME_TAKEN, "Taken.")},
    ],
)
def test_whatever_a_finding_comes_from_is_found_in_a_domain_that_was_just_added(members: dict[str, Any]) -> None:
    domain = replace(added_domain(), **members)
    found = find_reason(domain)
    assert found is not None
    assert found.code == findings_of(domain, NOW)[0].code


def test_an_error_that_no_finding_is_about_comes_before_a_warning_and_who_is_awaited_has_to_act() -> None:
    found = find_reason(replace(failed("certificate_expired"), findings=(finding("ns_lame", "warning"),)))
    assert found == Reason(code="certificate_expired", actor=Awaited.CLOUDFLARE, since=7)


@pytest.mark.parametrize(
    ("dns_state", "awaited"), [(DnsState.VERIFIED, Awaited.CLOUDFLARE), (DnsState.FAILED, Awaited.CUSTOMER)]
)
@pytest.mark.parametrize(
    ("code", "members"),
    [("validation_timed_out", {"cf_ssl_status": "validation_timed_out"}), ("moved", {"cf_status": "moved"})],
)
def test_what_dcvd_already_mends_is_cloudflares_as_soon_as_dns_is_right(
    code: str, members: dict[str, str], dns_state: DnsState, awaited: Awaited
) -> None:
    found = find_reason(replace(failed(code), dns_state=dns_state, **members))
    assert found == Reason(code=code, actor=awaited, since=7)


@pytest.mark.parametrize(("severity", "actor"), [("warning", "nobody"), ("error", "operator")])
@pytest.mark.parametrize(
    ("code", "awaited", "members"),
    [
        ("validation_timed_out", Awaited.CLOUDFLARE, {"cf_ssl_status": "validation_timed_out"}),
        ("hostname_differs", Awaited.OPERATOR, {"cf_ssl_status": None, "cf_differences": ("no certificate",)}),
    ],
)
def test_what_cloudflare_says_of_a_certificate_comes_before_what_the_edge_shows_of_it(
    code: str, awaited: Awaited, members: dict[str, Any], severity: Severity, actor: FindingActor
) -> None:
    shown = finding("edge_without_certificate", severity, actor)
    domain = replace(active_story().domain, findings=(shown,), ready_since=None, **members)
    assert [each.code for each in findings_of(domain, NOW)] == [code, "edge_without_certificate"]
    reason = find_reason(domain)
    assert reason is not None
    assert (reason.code, reason.actor) == (code, awaited)


@pytest.mark.parametrize(
    "members", [{"cf_status": "moved"}, {"cf_ssl_status": "validation_timed_out"}], ids=["moved", "timed out"]
)
def test_what_cloudflare_is_asked_to_try_again_says_when_where_that_waits(members: dict[str, Any]) -> None:
    now = replace(added_domain(), cf_id="1", dns_state=DnsState.VERIFIED, **({"cf_status": "pending"} | members))
    later = replace(now, remedies_applied=1, remedy_wait_started_at=NOW)
    assert "again at" not in findings_of(now, NOW)[0].message
    due_at = next_remedy_at(later, ())
    assert due_at == NOW + HOUR
    assert f"again at {to_rfc3339(due_at)}" in findings_of(later, NOW)[0].message


def test_what_the_edge_shows_is_an_error_where_cloudflare_says_that_all_is_well() -> None:
    shown = finding("edge_without_certificate", "error", "operator")
    differs = ("the method is txt instead of http",)
    domain = replace(active_story().domain, findings=(shown,), ready_since=None, cf_differences=differs)
    assert [(each.code, each.severity) for each in findings_of(domain, NOW)] == [
        ("edge_without_certificate", "error"), ("hostname_differs", "warning"),
    ]  # fmt: skip


def test_what_nobody_has_to_act_on_in_dns_goes_on_by_itself() -> None:
    lame = replace(added_domain(), findings=(finding("ns_lame", "error", "nobody"),))
    assert find_reason(lame) == Reason(code="ns_lame", actor=Awaited.NOBODY, since=NOW)


def test_while_a_claim_is_dormant_only_its_customer_can_wake_it() -> None:
    dormant = replace(failed("quota_exceeded"), dormant_since=5, findings=(finding("ca_fault", actor="operator"),))
    assert find_reason(dormant) == Reason(code="dormant", actor=Awaited.CUSTOMER, since=5)


def test_a_claim_that_another_organization_holds_is_its_tenants_to_settle() -> None:
    found = find_reason(failed(DomainErrorCode.DOMAIN_HELD))
    assert found is not None
    assert found.actor is Awaited.TENANT


def test_a_domain_that_is_well_has_none_and_one_that_will_be_waits() -> None:
    assert find_reason(replace(active_story().domain, ready_since=NOW, findings=(finding("made_up", "info"),))) is None
    waiting = find_reason(added_domain())
    assert waiting == Reason(code=WAITING, actor=Awaited.NOBODY, since=added_domain().created_at)


@pytest.mark.parametrize(
    ("since", "is_so"), [(LONG_AGO, True), (LONG_AGO + 1, False), (None, False)], ids=["a day", "less", "unknown"]
)
def test_a_domain_whose_reason_is_a_day_old_is_stuck(since: int | None, is_so: bool) -> None:
    domain = replace(added_domain(), created_at=NOW, findings=(finding("cname_missing", since=since),))
    assert is_stuck(domain, find_reason(domain), NOW) is is_so


def test_a_domain_in_error_is_stuck_at_once() -> None:
    assert is_stuck(failed("moved"), find_reason(failed("moved")), NOW)


def test_a_domain_that_is_ready_is_not_stuck_whatever_endangers_it() -> None:
    ready = replace(active_story().domain, ready_since=1, findings=(finding("caa_blocks", "warning", since=1),))
    reason = find_reason(ready)
    assert reason is not None
    assert not is_stuck(ready, reason, NOW)
    assert find_awaited(ready) is None


def test_who_waits_for_a_turn_in_the_registration_queue_is_not_stuck() -> None:
    queued = replace(added_domain(), created_at=1)
    assert not is_stuck(queued, find_reason(queued), NOW)
    registered = replace(queued, cf_id="0" * 32, cf_changed_at=1)
    assert is_stuck(registered, find_reason(registered), NOW)
