"""What a domain says of itself."""

from msgspec.structs import replace

from dcvd.core.domains.domain import DomainStatus, Record
from dcvd.core.domains.required_records import known_records, required_records
from tests.core.builders import DNS_MISSING, NAME, NOW, TARGET, Story, active_story, added_domain, certificate, seen


def test_a_new_domain_waits_for_its_record_and_is_due_at_once() -> None:
    domain = added_domain()
    assert domain.status is DomainStatus.PENDING_CNAME
    assert domain.next_check_at == domain.created_at == domain.updated_at == NOW
    assert domain.expires_at is None
    assert domain.error is None
    assert not domain.is_ready


def test_the_required_record_is_told_before_during_and_after_it_is_seen() -> None:
    story = Story()
    (record,) = required_records(story.domain)
    assert (record.type, record.name, record.value, record.purpose) == ("CNAME", NAME, TARGET, "routing")
    assert not record.is_verified
    active = active_story()
    assert [entry.is_verified for entry in required_records(active.domain)] == [True]
    active.look(DNS_MISSING)
    active.look(DNS_MISSING)
    assert [entry.is_verified for entry in required_records(active.domain)] == [False]


def test_the_expiry_is_that_of_the_certificate_in_service() -> None:
    story = active_story(certificate("01"))
    story.look(seen("active", "pending_deployment", certificate("02", days=200)))
    assert story.domain.expires_at == certificate("01").expires_at


def test_a_required_record_is_verified_only_as_it_was_seen_last() -> None:
    story = active_story()
    assert [record.is_verified for record in required_records(story.domain)] == [True]
    story.look(DNS_MISSING)
    assert story.domain.dns_state == "verified"
    assert [record.is_verified for record in required_records(story.domain)] == [False]


def test_what_is_to_be_removed_is_what_the_customer_may_have_created() -> None:
    domain = Story().domain
    assert known_records(domain) == (Record("CNAME", NAME, TARGET),)
    delegated = replace(domain, validation="delegated", challenge_target=None)
    assert known_records(delegated) == (Record("CNAME", NAME, TARGET),)
    challenge = f"{NAME}.0123456789abcdef.dcv.cloudflare.com"
    assert known_records(replace(delegated, challenge_target=challenge)) == (
        Record("CNAME", NAME, TARGET),
        Record("CNAME", f"_acme-challenge.{NAME}", challenge),
    )
