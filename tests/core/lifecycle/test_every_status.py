"""Every hostname status met with every certificate status: what a domain becomes, by class."""

import itertools
from collections.abc import Callable, Iterable

from msgspec.structs import replace

from dcvd.core.instants import DAY, HOUR, MINUTE
from tests.core.builders import (
    DNS_MISSING,
    DNS_RIGHT,
    HOSTNAME_STATUSES,
    SSL_STATUSES,
    Story,
    active_story,
    added_domain,
    certificate,
    seen,
)

SERVING = {"active", "active_redeploying"}
WAITING = {"pending"}
LOST = {"blocked": "blocked", "moved": "moved", "deleted": "deleted", "pending_deletion": "deleted"}
UNDECIDED = set(HOSTNAME_STATUSES) - SERVING - WAITING - set(LOST)

TIMED_OUT = {word for word in SSL_STATUSES if word.endswith("_timed_out")}
GONE = {"deleted", "inactive"}
PROVEN = {"pending_issuance", "pending_deployment", "holding_deployment", "active"}
"""The CA validated the hostname: it saw the record."""

Outcome = tuple[str, str | None]
Expect = Callable[[str, str], Outcome]


def outcome(story: Story) -> Outcome:
    return story.status, story.error_code


def mismatches(start: Callable[[], Story], expect: Expect, *, looks: int = 1, listed: bool = False) -> Iterable[str]:
    """Every combination, from a fresh start each, whose outcome is not the expected one."""
    certificates = (certificate("01"),) if listed else ()
    for status, ssl in itertools.product(HOSTNAME_STATUSES, SSL_STATUSES):
        story = start()
        for _ in range(looks):
            story.wait(HOUR)
            story.look(seen(status, ssl, *certificates))
        if outcome(story) != expect(status, ssl):
            yield f"{status} × {ssl}: {outcome(story)}, expected {expect(status, ssl)}"


def without_certificate(status: str, ssl: str) -> Outcome:
    """What a serving hostname's domain becomes that has no certificate yet."""
    if ssl == "active":
        return "active", None
    if ssl in TIMED_OUT:
        return "error", ssl
    if ssl == "expired":
        return "error", "certificate_expired"
    return ("error", "certificate_gone") if ssl in GONE else ("issuing", None)


def from_pending(status: str, ssl: str) -> Outcome:
    if status in LOST:
        return "error", LOST[status]
    if status in UNDECIDED:
        return "pending_cname", None
    if status in SERVING:
        return without_certificate(status, ssl)
    if ssl in TIMED_OUT:
        return "error", ssl
    return ("issuing" if ssl in PROVEN else "pending_cname"), None


def from_issuing(status: str, ssl: str) -> Outcome:
    if status in LOST:
        return "error", LOST[status]
    if status in SERVING:
        return without_certificate(status, ssl)
    return ("error", ssl) if status in WAITING and ssl in TIMED_OUT else ("issuing", None)


def from_active(status: str, ssl: str) -> Outcome:
    """A good domain: only what is certain takes it out of service."""
    if status in LOST:
        return "error", LOST[status]
    return ("error", "certificate_gone") if status in SERVING and ssl in GONE else ("active", None)


def from_active_after_two_looks(status: str, ssl: str) -> Outcome:
    if status not in WAITING:
        return from_active(status, ssl)
    return ("error", ssl) if ssl in TIMED_OUT else ("issuing", None)


def from_delegated(status: str, ssl: str) -> Outcome:
    """As `from_pending`, but that a CA's success says nothing of the routing record."""
    if status in WAITING and ssl not in TIMED_OUT:
        return "pending_cname", None
    return from_pending(status, ssl)


def remedy(status: str, ssl: str) -> str | None:
    """What is done at Cloudflare at once, where DNS points here or nobody can know."""
    if status in ("moved", "deleted"):
        return "revalidate"
    ended = ssl in TIMED_OUT | GONE | {"expired"}
    return "revalidate" if status in SERVING | WAITING and ended else None


def delegated_story() -> Story:
    return Story(replace(added_domain(), validation="delegated"))


def drifted_story() -> Story:
    """Active, its record gone for long."""
    story = active_story()
    story.look(DNS_MISSING)
    story.look(DNS_MISSING)
    assert story.status == "active"
    return story


def issuing_story() -> Story:
    story = Story()
    story.look(DNS_RIGHT)
    assert story.status == "issuing"
    return story


def expired_story() -> Story:
    """Active an hour before its certificate ends, with nobody looking until the hour has passed."""
    story = active_story()
    story.wait(90 * DAY)
    return story


def test_the_16_times_21_statuses_are_all_in_a_class() -> None:
    assert len(SERVING) + len(WAITING) + len(LOST) + len(UNDECIDED) == 16
    assert len(UNDECIDED) == 9
    assert set(SSL_STATUSES) >= TIMED_OUT | GONE | PROVEN
    assert len(SSL_STATUSES) == 21


def test_what_a_fresh_pending_domain_becomes() -> None:
    assert list(mismatches(Story, from_pending)) == []


def test_what_an_issuing_domain_becomes() -> None:
    assert list(mismatches(issuing_story, from_issuing)) == []


def test_what_an_active_domain_becomes_with_its_certificate_unexpired() -> None:
    assert list(mismatches(active_story, from_active)) == []
    assert list(mismatches(active_story, from_active, listed=True)) == []


def test_what_an_active_domain_becomes_when_the_same_is_seen_twice() -> None:
    assert list(mismatches(active_story, from_active_after_two_looks, looks=2)) == []
    assert list(mismatches(active_story, from_active_after_two_looks, looks=2, listed=True)) == []


def test_what_an_active_domain_becomes_once_its_certificate_has_expired() -> None:
    def expect(status: str, ssl: str) -> Outcome:
        if status in SERVING and ssl not in GONE:
            return "error", ssl if ssl in TIMED_OUT else "certificate_expired"
        return from_active(status, ssl)

    assert list(mismatches(expired_story, expect, listed=True)) == []


def test_what_a_fresh_domain_of_delegated_validation_becomes() -> None:
    assert list(mismatches(delegated_story, from_delegated)) == []


def test_what_an_active_domain_becomes_whose_record_is_gone() -> None:
    assert list(mismatches(drifted_story, from_active, listed=True)) == []


def test_what_is_done_at_cloudflare_for_every_combination_once_per_step() -> None:
    starts: tuple[Callable[[], Story], ...] = (Story, issuing_story, active_story, delegated_story)
    for start, status, ssl in itertools.product(starts, HOSTNAME_STATUSES, SSL_STATUSES):
        story, given = start(), []
        for _ in range(5):
            story.look(seen(status, ssl, certificate("01")))
            given.append(story.remedy)
            story.wait(MINUTE)
        assert (status, ssl, given) == (status, ssl, [remedy(status, ssl), *[None] * 4])


def test_nothing_is_done_at_once_where_dns_is_wrong_and_never_at_what_serves() -> None:
    for status, ssl in itertools.product(HOSTNAME_STATUSES, SSL_STATUSES):
        story, given = drifted_story(), set()
        for _ in range(6):
            story.look(DNS_MISSING, seen(status, ssl, certificate("01")))
            given.add(story.remedy)
            story.wait(DAY)
        if story.status == "active" or status not in {"moved", "deleted"} | SERVING | WAITING:
            assert (status, ssl, given) == (status, ssl, {None})
        elif status != "deleted":
            assert (status, ssl, given) == (status, ssl, {None, remedy(status, ssl)})


def test_looks_that_see_the_same_settle_whatever_it_is() -> None:
    starts: tuple[Callable[[], Story], ...] = (Story, issuing_story, active_story, delegated_story, drifted_story)
    for start, status, ssl in itertools.product(starts, HOSTNAME_STATUSES, SSL_STATUSES):
        story = start()
        for _ in range(2):
            story.look(seen(status, ssl, certificate("01")))
        settled = outcome(story)
        for _ in range(5):
            assert story.look(seen(status, ssl, certificate("01"))) == []
            assert (outcome(story), story.remedy) == (settled, None)


def test_an_adopted_hostname_whose_renewal_timed_out_is_active_by_the_certificate_in_service() -> None:
    for ssl in TIMED_OUT - {"deployment_timed_out", "deletion_timed_out"}:
        story = Story()
        story.look(seen("active", ssl, certificate("01")))
        assert (ssl, *outcome(story)) == (ssl, "active", None)


def test_every_error_has_a_sentence_and_every_sentence_names_the_domain() -> None:
    starts: tuple[Callable[[], Story], ...] = (Story, active_story, expired_story)
    for start, status, ssl in itertools.product(starts, HOSTNAME_STATUSES, SSL_STATUSES):
        story = start()
        story.look(seen(status, ssl, errors=("custom hostname does not CNAME to this zone.",)))
        if story.domain.error is not None:
            assert story.domain.name in story.domain.error.message
            assert story.domain.error.message.endswith(".")


def test_a_value_never_heard_of_and_one_left_out_change_nothing_of_any_domain() -> None:
    starts: tuple[Callable[[], Story], ...] = (Story, issuing_story, active_story)
    for start, status, ssl in itertools.product(starts, ("hibernating", None), (*SSL_STATUSES, None)):
        story = start()
        before = outcome(story)
        assert story.look(seen(status, ssl), seen(status, ssl), seen(status, ssl)) == []
        assert outcome(story) == before


def test_an_unheard_of_certificate_status_never_takes_an_active_domain_down_and_is_told_to_the_log() -> None:
    story = active_story()
    assert story.look(seen("active", "hibernating"), seen("active", "hibernating")) == []
    assert story.status == "active"
    assert story.domain.cf_ssl_status == "hibernating"
    told = []
    for status, ssl in [("active", "hibernating"), ("dreaming", "active"), ("dreaming", "hibernating"), (None, None)]:
        story.look(seen(status, ssl))
        told.append(story.last.unknown_values)
    assert told == [
        ("ssl.status=hibernating",),
        ("status=dreaming",),
        ("status=dreaming", "ssl.status=hibernating"),
        (),
    ]
