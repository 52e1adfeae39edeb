"""What keeps a domain waiting that is no fault of its owner's."""

import pytest
from msgspec.structs import replace

from dcvd.core.diagnosis.cloudflare.findings import findings_of
from dcvd.core.diagnosis.summary import summarize_domain
from dcvd.core.domains.domain import DnsState, Domain, DomainError, DomainStatus, Finding
from dcvd.core.domains.saas_zone import PlanFeature, SaasZone, ZoneFault, ZoneFaultCode
from tests.core.builders import NAME, NOW, added_domain

MISSING = Finding(code="cname_missing", severity="error", actor="customer", message="Create the record.")
ALL = list(ZoneFaultCode)
OF_REGISTRATION = {ZoneFaultCode.NOT_ENABLED, ZoneFaultCode.QUOTA_EXCEEDED}


def zone(*codes: ZoneFaultCode, lacking: frozenset[PlanFeature] = frozenset()) -> SaasZone:
    found = SaasZone(lacking=lacking)
    for code in codes:
        found = found.with_fault(ZoneFault(code=code, message=f"Cloudflare says {code}.", since=NOW))
    return found


def codes(domain: Domain, saas_zone: SaasZone, error: DomainError | None = None) -> list[str]:
    return [finding.code for finding in findings_of(domain, NOW, error, saas_zone)]


@pytest.mark.parametrize("code", ALL)
@pytest.mark.parametrize("state", DnsState)
def test_a_fault_of_the_zone_comes_first_whatever_the_dns_of_the_domain(code: ZoneFaultCode, state: DnsState) -> None:
    waiting = replace(
        added_domain(), dns_state=state, findings=(MISSING,) if state is DnsState.FAILED else (), status="issuing"
    )
    found = findings_of(waiting, NOW, saas_zone=zone(code))
    assert (found[0].code, found[0].severity, found[0].actor) == (code, "error", "operator")
    assert found[0].message.startswith(f"{NAME} waits: ")
    assert (found[0].evidence, found[0].since) == ((f"Cloudflare says {code}.",), NOW)
    assert summarize_domain(waiting, found) == f"The operator of this service has to act: {found[0].message}"


@pytest.mark.parametrize("code", ALL)
def test_a_domain_that_serves_or_sleeps_waits_for_nothing(code: ZoneFaultCode) -> None:
    assert codes(replace(added_domain(), status=DomainStatus.ACTIVE), zone(code)) == []
    assert code not in codes(replace(added_domain(), dormant_since=NOW), zone(code))


@pytest.mark.parametrize("code", ALL)
def test_what_concerns_registrations_concerns_no_registered_hostname(code: ZoneFaultCode) -> None:
    registered = replace(added_domain(), cf_id="id", cf_status="pending")
    assert codes(registered, zone(code)) == ([] if code in OF_REGISTRATION else [code])


@pytest.mark.parametrize(
    ("template", "target", "is_concerned"),
    [
        ("edge.saas.net", "edge.saas.net", True),
        ("edge.saas.net", "old.saas.net", False),
        ("edge.saas.net", "abc.edge.saas.net", False),
        ("{token}.edge.saas.net", "abc.edge.saas.net", True),
        ("{token}.edge.saas.net", "edge.saas.net", False),
    ],
)
def test_a_target_without_an_address_concerns_the_domains_that_point_to_it(
    template: str, target: str, is_concerned: bool
) -> None:
    fault = ZoneFault(code=ZoneFaultCode.TARGET_UNRESOLVED, message="No address.", since=NOW, target=template)
    domain = replace(added_domain(), cname_target=target)
    assert codes(domain, SaasZone(faults=(fault,))) == (["target_unresolved"] if is_concerned else [])


def test_all_faults_are_told_and_the_one_that_a_job_met_once() -> None:
    error = DomainError("cloudflare_unauthorized", "Cloudflare answered POST with 403.")
    assert codes(added_domain(), zone(*reversed(ALL)), error) == ALL
    assert codes(added_domain(), SaasZone(), error) == ["cloudflare_unauthorized"]
    assert codes(added_domain(), zone(ZoneFaultCode.UNAUTHORIZED), error) == ["cloudflare_unauthorized"]


@pytest.mark.parametrize("code", ["cloudflare_unavailable", "cloudflare_rate_limited"])
def test_a_cloudflare_that_does_not_answer_is_nobodys_fault(code: str) -> None:
    (finding,) = findings_of(added_domain(), NOW, DomainError(code, "Cloudflare answered POST with 503."))
    assert (finding.code, finding.severity, finding.actor) == ("cloudflare_unavailable", "warning", "nobody")
    assert finding.evidence == ("Cloudflare answered POST with 503.",)


@pytest.mark.parametrize("code", ["cloudflare_1431", "cloudflare_9999", "cloudflare_refused", "cloudflare_unexpected"])
def test_a_refusal_that_no_rule_knows_is_told_in_cloudflares_words(code: str) -> None:
    error = DomainError(code, "Cloudflare answered POST with 400, code 9999: The moon is full.")
    for domain, met in (
        (added_domain(), error),
        (replace(added_domain(), status=DomainStatus.ERROR, error=error), None),
    ):
        (finding,) = findings_of(domain, NOW, met)
        assert (finding.code, finding.severity, finding.actor) == ("registration_refused", "error", "operator")
        assert finding.evidence == (error.message,)


def test_a_wildcard_that_the_plan_lacks_is_the_operators_before_and_after_it_is_refused() -> None:
    lacking = zone(lacking=frozenset({PlanFeature.WILDCARD}))
    ordered = replace(added_domain(), wildcard=True, validation="delegated")
    refused = replace(ordered, status=DomainStatus.ERROR, error=DomainError("plan_lacks", "code 1460: Wildcard …"))
    for domain in (ordered, refused):
        (finding,) = findings_of(domain, NOW, saas_zone=lacking)
        assert (finding.code, finding.severity, finding.actor) == ("plan_lacks", "error", "operator")
        assert "wildcard" in finding.message
    assert codes(added_domain(), lacking) == []
    assert codes(replace(ordered, cf_id="id"), lacking) == []
    (finding,) = findings_of(replace(refused, wildcard=False), NOW)
    assert finding.code == "plan_lacks"
    assert "wildcard" not in finding.message


def test_a_fault_keeps_the_instant_since_when_it_is_known() -> None:
    first = zone(ZoneFaultCode.UNAUTHORIZED)
    again = first.with_fault(ZoneFault(code=ZoneFaultCode.UNAUTHORIZED, message="Still.", since=NOW + 60_000))
    assert [(fault.message, fault.since) for fault in again.faults] == [("Still.", NOW)]
    assert again.without_faults(ZoneFaultCode.UNAUTHORIZED, ZoneFaultCode.QUOTA_EXCEEDED) == SaasZone()
