"""What a probe saw is said in words, and takes `ready` back where browsers are not served."""

import pytest
from msgspec.structs import replace

from dcvd.core.custom_hostnames.edge import CertificateFault, EdgeObservation, EdgeOutcome, ServedCertificate
from dcvd.core.diagnosis.edge import diagnose_edge, has_edge_fault, is_inconclusive
from dcvd.core.diagnosis.readiness import is_ready
from dcvd.core.domains.domain import Certificate, DnsState, Domain, DomainStatus, Finding
from dcvd.core.instants import DAY, MINUTE
from tests.core.builders import NAME, NOW, added_domain

WRONG = ServedCertificate(
    serial="77", names=("other.test", "*.other.test"), issuer="R11", issued_at=NOW, expires_at=NOW + DAY, seen_at=NOW
)
SEEN = {
    EdgeOutcome.ORIGIN_DOWN: EdgeObservation(outcome=EdgeOutcome.ORIGIN_DOWN, address="192.0.2.1", status=522),
    EdgeOutcome.REFUSED: EdgeObservation(
        outcome=EdgeOutcome.REFUSED, address="192.0.2.1", status=409, cloudflare_error=1001
    ),
    EdgeOutcome.NO_CERTIFICATE: EdgeObservation(
        outcome=EdgeOutcome.NO_CERTIFICATE, address="192.0.2.1", fault="No trusted TLS connection: handshake failure."
    ),
    EdgeOutcome.WRONG_CERTIFICATE: EdgeObservation(
        outcome=EdgeOutcome.WRONG_CERTIFICATE,
        address="192.0.2.1",
        fault=f"No trusted TLS connection to {NAME}: hostname mismatch.",
        certificate_fault=CertificateFault.WRONG_NAME,
        certificate=WRONG,
    ),
    EdgeOutcome.UNREACHABLE: EdgeObservation(
        outcome=EdgeOutcome.UNREACHABLE, fault=f"{NAME} port 443 cannot be reached: connection refused."
    ),
}
PROXIED = Finding(code="proxied_unverifiable", severity="info", actor="nobody", message="It is proxied.")
VETOING = set(SEEN) - {EdgeOutcome.ORIGIN_DOWN}


def active(**members: object) -> Domain:
    serving = replace(added_domain(), status=DomainStatus.ACTIVE, dns_state=DnsState.VERIFIED, cf_changed_at=NOW - DAY)
    return replace(serving, certificate=Certificate(expires_at=NOW + 60 * DAY), **members)


def diagnosed(outcome: EdgeOutcome, domain: Domain | None = None) -> Finding:
    finding = diagnose_edge(domain or active(), SEEN[outcome], NOW)
    assert finding is not None
    return finding


@pytest.mark.parametrize("outcome", SEEN)
def test_what_was_seen_is_named_and_whoever_can_act(outcome: EdgeOutcome) -> None:
    finding = diagnosed(outcome)
    assert f"https://{NAME}/" in finding.message
    assert finding.message.endswith(".")
    assert finding.evidence
    assert (finding.severity == "error", finding.actor) == (outcome in VETOING, "operator")
    flattened = diagnosed(outcome, active(dns_state=DnsState.UNVERIFIABLE))
    assert flattened.actor == "operator"
    proxied = diagnosed(outcome, active(dns_state=DnsState.UNVERIFIABLE, findings=(PROXIED,)))
    assert proxied.actor == ("customer" if outcome in VETOING else "operator")
    if outcome is EdgeOutcome.ORIGIN_DOWN:
        assert "which may be that of the domain's own proxy" in proxied.message


@pytest.mark.parametrize("outcome", [EdgeOutcome.SERVING, EdgeOutcome.UNKNOWN, EdgeOutcome.NOT_PROBED])
def test_nothing_is_wrong_where_it_serves_and_where_nothing_is_known(outcome: EdgeOutcome) -> None:
    assert diagnose_edge(active(), EdgeObservation(outcome=outcome), NOW) is None


def test_a_wrong_certificate_is_described() -> None:
    finding = diagnosed(EdgeOutcome.WRONG_CERTIFICATE)
    assert finding.message == (
        f"Browsers warn of https://{NAME}/: its certificate is for other.test and *.other.test. The operator of this "
        "service has to ask Cloudflare's support."
    )
    assert finding.evidence == (
        "connected to 192.0.2.1, port 443",
        f"No trusted TLS connection to {NAME}: hostname mismatch.",
        "certificate for other.test and *.other.test, by R11, 2026-11-23T10:00:00Z to 2026-11-24T10:00:00Z",
    )


@pytest.mark.parametrize(
    ("fault", "seen_at", "says"),
    [
        (CertificateFault.EXPIRED, NOW + 2 * DAY, "expired on 2026-11-24."),
        (CertificateFault.EXPIRED, NOW, "its certificate is not valid."),
        (CertificateFault.NOT_YET_VALID, NOW - DAY, "is valid from 2026-11-23 on."),
        (CertificateFault.NOT_YET_VALID, NOW, "its certificate is not valid."),
        (CertificateFault.UNTRUSTED, NOW, "they do not trust the issuer of its certificate, R11."),
    ],
)
def test_each_fault_of_a_certificate_has_its_sentence(fault: CertificateFault, seen_at: int, says: str) -> None:
    seen = replace(
        SEEN[EdgeOutcome.WRONG_CERTIFICATE], certificate_fault=fault, certificate=replace(WRONG, seen_at=seen_at)
    )
    finding = diagnose_edge(active(), seen, NOW)
    assert finding is not None
    assert says in finding.message
    unseen = diagnose_edge(active(), replace(seen, certificate=None), NOW)
    assert unseen is not None
    assert "its certificate is not valid." in unseen.message


@pytest.mark.parametrize(
    ("fault", "serial", "is_known"),
    [
        (CertificateFault.UNTRUSTED, "77", True),
        (CertificateFault.NOT_YET_VALID, "77", True),
        (CertificateFault.UNTRUSTED, "78", False),
        (CertificateFault.EXPIRED, "77", False),
        (CertificateFault.WRONG_NAME, "77", False),
    ],
)
def test_the_very_certificate_that_cloudflare_calls_active_may_be_unknown_to_us_alone(
    fault: CertificateFault, serial: str, is_known: bool
) -> None:
    seen = replace(SEEN[EdgeOutcome.WRONG_CERTIFICATE], certificate_fault=fault)
    domain = replace(active(), certificate=Certificate(serial=serial, expires_at=NOW + DAY))
    assert is_inconclusive(domain, seen) is is_known
    assert not is_inconclusive(domain, replace(seen, certificate=None))


@pytest.mark.parametrize("outcome", SEEN)
def test_just_after_a_change_at_cloudflare_nobody_has_to_act_yet(outcome: EdgeOutcome) -> None:
    fresh = active(cf_changed_at=NOW - 10 * MINUTE + 1)
    finding = diagnosed(outcome, fresh)
    if outcome in VETOING:
        assert (finding.severity, finding.actor) == ("warning", "nobody")
        assert "still be bringing it" in finding.message
    assert is_ready(replace(fresh, findings=(finding,)), NOW) is (outcome not in VETOING)


@pytest.mark.parametrize("outcome", SEEN)
def test_it_takes_ready_back_where_browsers_are_not_served(outcome: EdgeOutcome) -> None:
    findings = (diagnosed(outcome),)
    assert has_edge_fault(findings) is (outcome in VETOING)
    assert is_ready(active(), NOW)
    assert is_ready(active(findings=findings), NOW) is (outcome not in VETOING)
