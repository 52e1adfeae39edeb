"""When a domain is ready, and since when."""

import itertools

from msgspec.structs import replace

from dcvd.core.diagnosis.readiness import is_ready
from dcvd.core.domains.domain import Certificate, DnsState, Domain, DomainStatus, Finding
from dcvd.core.instants import DAY, MINUTE
from tests.core.builders import DNS_MISSING, DNS_RIGHT, NOW, active_story, added_domain


def active(*findings: Finding, **members: object) -> Domain:
    serving = replace(added_domain(), status=DomainStatus.ACTIVE, dns_state=DnsState.VERIFIED, findings=findings)
    return replace(serving, certificate=Certificate(expires_at=NOW + DAY), **members)


def finding(code: str, severity: str = "error") -> Finding:
    return Finding(code=code, severity=severity, actor="customer", message="It is wrong.")  # type: ignore[arg-type]  # one of them


def test_ready_is_active_and_dns_pointing_here_or_hiding_that_it_does() -> None:
    ready = {
        (status, state)
        for status, state in itertools.product(DomainStatus, DnsState)
        if is_ready(replace(added_domain(), status=status, dns_state=state), NOW)
    }
    assert ready == {
        (DomainStatus.ACTIVE, DnsState.VERIFIED),
        (DomainStatus.ACTIVE, DnsState.UNVERIFIABLE),
    }


def test_an_error_takes_it_back_but_not_one_of_the_next_certificate_nor_a_warning() -> None:
    assert not is_ready(active(finding("cname_wrong_target")), NOW)
    assert is_ready(active(finding("caa_blocks"), finding("ns_lame", "warning")), NOW)
    assert not is_ready(active(finding("caa_blocks")), NOW + DAY), "the present certificate has expired"
    assert not is_ready(active(finding("wildcard_missing", "warning"), wildcard=True), NOW)
    assert is_ready(active(finding("wildcard_missing", "warning")), NOW)


def test_it_is_ready_since_it_became_so_until_the_first_check_that_finds_it_elsewhere() -> None:
    story = active_story()
    since = story.domain.ready_since
    assert since == story.domain.updated_at
    story.wait(MINUTE)
    story.look(DNS_RIGHT)
    assert story.domain.ready_since == since
    story.wait(MINUTE)
    story.look(DNS_MISSING)
    assert story.domain.dns_state is DnsState.VERIFIED
    assert [each.code for each in story.domain.findings] == ["cname_missing"]
    assert not story.domain.is_ready
    found_at = story.now
    story.wait(MINUTE)
    story.look(DNS_MISSING)
    assert [each.since for each in story.domain.findings] == [found_at]
    story.wait(DAY)
    story.look(DNS_RIGHT)
    assert story.domain.ready_since == story.now


def test_it_is_broken_from_the_check_that_finds_it_elsewhere_until_it_is_ready_again() -> None:
    story = active_story()
    assert [story.domain.broken_since] == [None]
    story.wait(MINUTE)
    story.look(DNS_MISSING)
    first_at = story.now
    assert [story.domain.broken_since] == [first_at]
    story.wait(MINUTE)
    story.look(DNS_MISSING)
    assert [story.domain.broken_since] == [first_at]
    story.wait(DAY)
    story.look(DNS_RIGHT)
    assert story.domain.is_ready
    assert [story.domain.broken_since] == [None]


def test_what_was_never_ready_is_not_broken() -> None:
    assert added_domain().broken_since is None
