"""Who has to act before a domain is ready."""

import pytest
from msgspec.structs import replace

from dcvd.core.diagnosis.awaited import Awaited
from dcvd.core.diagnosis.reason import find_awaited
from dcvd.core.domains.domain import DnsState, Domain, DomainError, DomainStatus, Finding
from tests.core.builders import added_domain


def finding(severity: str, actor: str) -> Finding:
    return Finding(code="made_up", severity=severity, actor=actor, message="m")  # type: ignore[arg-type]  # one of them


def waiting(**members: object) -> Domain:
    return replace(added_domain(), cf_id="id", cf_status="pending", cf_ssl_status="pending_validation", **members)


@pytest.mark.parametrize(
    ("domain", "awaited"),
    [
        (replace(added_domain(), ready_since=1, findings=(finding("error", "customer"),)), None),
        (added_domain(), Awaited.NOBODY),
        (replace(added_domain(), dormant_since=1), Awaited.CUSTOMER),
        (waiting(dns_state=DnsState.FAILED), Awaited.CUSTOMER),
        (waiting(dns_state=DnsState.VERIFIED), Awaited.CLOUDFLARE),
        (waiting(dns_state=DnsState.VERIFIED, validation="delegated", challenge_target="x.dcv"), Awaited.CUSTOMER),
        (waiting(status=DomainStatus.ISSUING), Awaited.CLOUDFLARE),
        (waiting(findings=(finding("error", "operator"),)), Awaited.OPERATOR),
        (waiting(findings=(finding("error", "nobody"),)), Awaited.NOBODY),
        (waiting(findings=(finding("warning", "customer"),)), Awaited.CUSTOMER),
        (waiting(dns_state=DnsState.VERIFIED, findings=(finding("info", "customer"),)), Awaited.CLOUDFLARE),
        (replace(added_domain(), status=DomainStatus.ACTIVE, dns_state=DnsState.FAILED), Awaited.CUSTOMER),
        (replace(added_domain(), status=DomainStatus.ACTIVE), Awaited.NOBODY),
        (waiting(dns_state=DnsState.VERIFIED, cf_errors=("There is no fallback origin.",)), Awaited.OPERATOR),
    ],
)
def test_the_gravest_finding_says_it_and_without_one_the_stage_does(domain: Domain, awaited: Awaited | None) -> None:
    assert find_awaited(domain) == awaited


@pytest.mark.parametrize(
    ("code", "awaited"),
    [
        ("domain_held", Awaited.TENANT),
        ("registration_failed", Awaited.TENANT),
        ("certificate_expired", Awaited.CLOUDFLARE),
        ("deleted", Awaited.CLOUDFLARE),
        ("plan_lacks", Awaited.OPERATOR),
        ("1234", Awaited.OPERATOR),
        ("hostname_invalid", Awaited.CUSTOMER),
    ],
)
def test_an_error_says_it_by_its_code(code: str, awaited: Awaited) -> None:
    domain = replace(added_domain(), status=DomainStatus.ERROR, error=DomainError(code, "It was refused."))
    assert find_awaited(domain) == awaited
