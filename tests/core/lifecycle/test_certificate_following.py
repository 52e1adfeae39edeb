"""Which of the certificates that Cloudflare lists serves, and which is to follow it."""

import pytest
from msgspec.structs import replace

from dcvd.core.domains.domain import Certificate, Domain
from dcvd.core.domains.observations import CloudflareCertificate
from dcvd.core.instants import DAY, HOUR
from dcvd.core.lifecycle.certificates import apply_certificates, is_listed
from tests.core.builders import NOW, added_domain, certificate, seen

RSA = "SHA256WithRSA"


def known(observed: CloudflareCertificate) -> Certificate:
    """The certificate as it is kept of a domain."""
    assert observed.expires_at is not None
    return Certificate(
        serial=observed.serial, issuer=observed.issuer, issued_at=observed.issued_at, expires_at=observed.expires_at
    )


def serving(observed: CloudflareCertificate) -> Domain:
    """A domain with a certificate in service."""
    held = known(observed)
    return replace(added_domain(), certificate=held, latest_expires_at=held.expires_at)


def serials(domain: Domain) -> tuple[str | None, str | None]:
    """Of the certificate in service, and of the one to follow it."""
    held = [domain.certificate, domain.next_certificate]
    serving, following = (None if each is None else each.serial for each in held)
    return serving, following


def test_what_is_issued_within_an_hour_is_the_other_half_of_a_pair_and_after_that_a_follower() -> None:
    rsa = certificate("rsa", signature=RSA, days=80)
    for later, following in ((HOUR, None), (HOUR + 1, "ecdsa")):
        after, _ = apply_certificates(
            serving(rsa), seen("active", "active", rsa, certificate("ecdsa", issued_at=NOW + later)), NOW
        )
        assert serials(after) == ("rsa", following)


def test_while_it_is_being_deployed_what_was_issued_a_moment_later_is_the_follower() -> None:
    old, new = certificate("old"), certificate("new", issued_at=NOW + 1)
    after, _ = apply_certificates(serving(old), seen("active", "pending_deployment", old, new), NOW)
    assert serials(after) == ("old", "new")


def test_without_issue_dates_only_a_later_expiry_follows() -> None:
    old = certificate("old", issued_at=None, expires_at=NOW + 9 * DAY)
    for more, following in ((0, None), (1, "new")):
        new = certificate("new", issued_at=None, expires_at=NOW + 9 * DAY + more)
        found = seen("active", "pending_deployment", old, new)
        after, _ = apply_certificates(serving(old), found, NOW)
        assert serials(after) == ("old", following)


def test_what_has_no_serial_is_not_taken_for_another_without_one() -> None:
    old, new = certificate(None), certificate(None, issued_at=NOW + 60 * DAY)
    found = seen("active", "pending_deployment", old, new)
    after, _ = apply_certificates(serving(old), found, NOW)
    assert after.next_certificate == known(new)


def test_what_ends_at_this_very_instant_serves_no_more() -> None:
    ending = certificate("rsa", signature=RSA, issued_at=NOW - DAY, expires_at=NOW)
    for order in ((ending, certificate("ecdsa")), (certificate("ecdsa"), ending)):
        after, _ = apply_certificates(added_domain(), seen("active", "active", *order), NOW)
        assert serials(after) == ("ecdsa", None)


def test_the_follower_that_has_come_into_service_follows_no_more_though_an_answer_lists_none() -> None:
    new = certificate("new")
    domain = replace(serving(new), next_certificate=known(new))
    after, _ = apply_certificates(domain, seen("active", "active"), NOW)
    assert serials(after) == ("new", None)


@pytest.mark.parametrize(
    ("status", "served"), [("issuance_timed_out", ("01", None)), ("pending_issuance", (None, "01"))]
)
def test_of_a_domain_that_never_served_a_listed_certificate_waits_unless_its_order_timed_out(
    status: str, served: tuple[str | None, str | None]
) -> None:
    after, renewed = apply_certificates(added_domain(), seen("active", status, certificate("01")), NOW)
    assert (serials(after), renewed) == (served, False)


def test_an_answer_lists_a_certificate_only_by_its_serial_and_its_expiry_together() -> None:
    held = known(certificate("01"))
    assert is_listed(seen("active", "active", certificate("02"), certificate("01")), held)
    assert not is_listed(seen("active", "active", certificate("01", days=91), certificate("02")), held)
    assert not is_listed(seen("active", "active", certificate("02")), held)
    assert not is_listed(seen("active", "active", certificate("01")), None)
