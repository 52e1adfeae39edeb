"""Three lights for a domain."""

import pytest
from msgspec.structs import replace

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import new_finding
from dcvd.core.diagnosis.lights import find_lights
from dcvd.core.domains.domain import DnsState, Domain, Finding, Severity
from dcvd.core.instants import DAY
from dcvd.core.sentences.sentence import quote
from tests.core.builders import NOW, added_domain
from tests.core.diagnosis.test_verdict import ACTIVE, BROKEN


def finding(code: FindingCode, severity: Severity = "error") -> Finding:
    return new_finding(code, severity, "customer", quote("What is wrong."), ())


def shown(domain: Domain, *findings: Finding, now: int = NOW) -> tuple[str, str, str]:
    lights = find_lights(domain, findings, now)
    return lights.dns.value, lights.certificate.value, lights.traffic.value


def test_before_the_first_check_nothing_is_known() -> None:
    assert shown(added_domain()) == ("open", "open", "open")


def test_what_works_is_good() -> None:
    assert shown(ACTIVE) == ("good", "good", "good")
    assert shown(replace(ACTIVE, dns_state=DnsState.UNVERIFIABLE)) == ("good", "good", "good")
    assert shown(ACTIVE, finding(FindingCode.PROXIED_UNVERIFIABLE, "info")) == ("good", "good", "good")


def test_a_fault_shows_in_the_light_that_it_is_about() -> None:
    assert shown(replace(added_domain(), dns_state=DnsState.FAILED)) == ("bad", "open", "open")
    assert shown(BROKEN, finding(FindingCode.CNAME_WRONG_TARGET)) == ("bad", "good", "bad")
    pointing = replace(added_domain(), dns_state=DnsState.VERIFIED)
    assert shown(pointing, finding(FindingCode.CAA_BLOCKS)) == ("good", "bad", "open")
    assert shown(replace(ACTIVE, ready_since=None), finding(FindingCode.EDGE_REFUSES)) == ("good", "good", "bad")


@pytest.mark.parametrize(
    ("code", "lights"),
    [
        (FindingCode.NS_INCONSISTENT, ("flawed", "good", "good")),
        (FindingCode.CAA_BLOCKS, ("good", "flawed", "good")),
        (FindingCode.ORIGIN_DOWN, ("good", "good", "flawed")),
    ],
)
def test_what_endangers_what_works_is_a_flaw(code: FindingCode, lights: tuple[str, str, str]) -> None:
    assert shown(ACTIVE, finding(code, "warning")) == lights


def test_a_late_renewal_is_a_flaw_and_an_expired_certificate_is_bad() -> None:
    assert shown(ACTIVE, now=NOW + 64 * DAY)[1] == "flawed"
    assert shown(ACTIVE, now=NOW + 90 * DAY)[1] == "bad"
    assert shown(replace(ACTIVE, cf_ssl_status="deleted"))[1] == "bad"
    assert shown(replace(added_domain(), cf_ssl_status="validation_timed_out"))[1] == "bad"
