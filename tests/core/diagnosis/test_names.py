"""A name before anything is registered: can it have a certificate?"""

import pytest
from msgspec.structs import replace

from dcvd.core.diagnosis.cloudflare.findings import findings_of
from dcvd.core.diagnosis.dns import diagnose_dns
from dcvd.core.diagnosis.names import name_findings
from dcvd.core.diagnosis.requirements import DnsRequirements
from dcvd.core.domains.domain import DomainStatus
from tests.core.builders import NAME, NOW, added_domain, facts


@pytest.mark.parametrize(
    "name", ["a_b.customer.com", "co.uk", "app.test", "app.localhost", "192.0.2.1", "*.customer.com"]
)
def test_a_name_that_no_ca_certifies_is_told_with_its_reason(name: str) -> None:
    (finding,) = name_findings(name)
    assert (finding.code, finding.severity, finding.actor) == ("hostname_invalid", "error", "customer")
    assert name in finding.message or f".{name.rpartition('.')[2]} " in finding.message
    assert finding.message.endswith(".")
    assert finding.fix is None


def test_a_healthy_name_is_no_news() -> None:
    for name in (NAME, NAME.upper() + ".", "bücher.kunde.de", "customer.com"):
        assert name_findings(name) == ()
    assert name_findings("app.customer.test", allowed_tlds=("test",)) == ()


def test_an_empty_and_a_hostile_name_are_told_in_one_short_line() -> None:
    for name in ("", " ", "a\x1b[31m.customer.com", "\u202eapp.customer.com", "x" * 100_000):
        (finding,) = name_findings(name)
        assert finding.code == "hostname_invalid"
        assert len(finding.message) < 1000
        assert finding.message.isprintable()


def test_a_name_of_more_than_64_characters_concerns_nobody() -> None:
    fits = f"{'a' * 51}.customer.com"
    assert len(fits) == 64
    assert name_findings(fits) == ()
    (finding,) = name_findings(f"a{fits}")
    assert (finding.code, finding.severity, finding.actor) == ("hostname_too_long", "info", "nobody")
    assert finding.evidence == ("65 characters",)


def test_a_label_that_not_everybody_takes_is_a_warning_until_the_domain_serves() -> None:
    (finding,) = name_findings("app.xn--zn8h.to")
    assert (finding.code, finding.severity, finding.evidence) == ("hostname_unusual", "warning", ("xn--zn8h",))
    waiting = replace(added_domain(), name="app.xn--zn8h.to")
    assert [each.code for each in findings_of(waiting, NOW)] == ["hostname_unusual"]
    assert findings_of(replace(waiting, status=DomainStatus.ACTIVE), NOW) == ()


def test_a_name_below_a_top_level_domain_that_does_not_exist_is_told_so_where_dns_has_none_either() -> None:
    name = "app.customer.nosuchtld"
    assert name_findings(name) == ()
    absent = replace(facts(is_registered=False), hostname=name)
    (finding,) = diagnose_dns(absent, DnsRequirements(), NOW).findings
    assert (finding.code, finding.actor) == ("tld_unknown", "customer")
    assert "no top-level domain .nosuchtld" in finding.message
    there = replace(absent, is_registered=True)
    assert [each.code for each in diagnose_dns(there, DnsRequirements(), NOW).findings] == ["cname_missing"]
