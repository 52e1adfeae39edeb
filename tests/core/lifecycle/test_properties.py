"""Any sequence of looks keeps the promises: no event twice for its cause, nothing good lost to a doubt."""

import json
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.dns.facts import CaaPolicy, DnsObservation
from dcvd.core.domains.domain import Certificate, DnsState, Domain, DomainStatus
from dcvd.core.domains.observations import (
    CloudflareCertificate,
    CloudflareHostname,
    CloudflareHostnameAbsence,
    CloudflareObservation,
    RegistrationRefusal,
)
from dcvd.core.events import EventDraft, EventType, build_body
from dcvd.core.instants import DAY, HOUR, MINUTE, from_rfc3339
from dcvd.core.lifecycle.transitions import LifecycleRules, apply_check
from tests.core import builders
from tests.core.builders import HOSTNAME_STATUSES, NAME, NOW, SSL_STATUSES, THRESHOLDS, added_domain, certificate, dns
from tests.examples import examples

RULES: Final = LifecycleRules(expiry_thresholds_ms=THRESHOLDS)

SERVING: Final = ("active", "active_redeploying")
LOST: Final = ("blocked", "moved", "deleted", "pending_deletion")

# DNS observation → the state that it speaks for (None: it says nothing) and the codes of its findings.
DNS: Final[dict[str, tuple[DnsObservation, DnsState | None, frozenset[str]]]] = {
    "right": (builders.DNS_RIGHT, DnsState.VERIFIED, frozenset()),
    "forbidden": (
        dns(
            exists=True,
            chain=(builders.TARGET,),
            caa=CaaPolicy(
                start_name=builders.NAME, outcome="answered", owner_name="customer.com", issue=("digicert.com",)
            ),
        ),
        DnsState.VERIFIED,
        frozenset({"caa_blocks"}),
    ),
    "flattened": (builders.DNS_FLATTENED, DnsState.UNVERIFIABLE, frozenset()),
    "proxied": (
        dns(exists=True, addresses=("104.16.1.1",), nameservers=("ada.ns.cloudflare.com",)),
        DnsState.UNVERIFIABLE,
        frozenset({"proxied_unverifiable"}),
    ),
    "missing": (builders.DNS_MISSING, DnsState.FAILED, frozenset({"cname_missing"})),
    "wrong": (builders.DNS_WRONG, DnsState.FAILED, frozenset({"cname_wrong_target"})),
    "addresses": (
        dns(exists=True, addresses=("198.51.100.1",)), DnsState.FAILED, frozenset({"conflicting_records"})
    ),
    "apex": (dns(exists=True, is_apex=True), DnsState.FAILED, frozenset({"apex_cname"})),
    "loop": (dns(exists=True, chain=("a.net",), has_loop=True), DnsState.FAILED, frozenset({"cname_loop"})),
    "long": (dns(exists=True, chain=("a.net",) * 9), DnsState.FAILED, frozenset({"chain_long"})),
    "unanswered": (builders.DNS_UNANSWERED, None, frozenset()),
}  # fmt: skip


CORRECTIONS: Final = {"dated": (0, 0, HOUR, 2 * HOUR), "undated": (0,), "unnumbered": (0,)}
"""By how much Cloudflare corrects the end of a certificate that it has told already, by what it tells of them."""


def numbered_certificate(number: int, *, told: str, correction: int) -> CloudflareCertificate:
    """The world's `number`-th certificate, issued 13 days after the one before; no two of them end together."""
    days = (90, 47, 6, 365)[number % 4]
    issued_at = NOW + number * 13 * DAY
    return certificate(
        None if told == "unnumbered" else f"{number:02}",
        issued_at=None if told == "undated" else issued_at,
        expires_at=issued_at + days * DAY + correction,
        signature=("ECDSAWithSHA256", "SHA256WithRSA", None)[number % 3],
    )


def identity(held: Certificate) -> str | int:
    """What tells a certificate from others: its end only where Cloudflare does not name its serial."""
    return held.expires_at if held.serial is None else held.serial


@st.composite
def cloudflare_answers(draw: st.DrawFn, told: str, frequent: list[int]) -> CloudflareObservation:
    """`frequent`: the numbers of certificates that come and go."""
    kind = draw(st.integers(0, 19))
    if kind == 0:
        return CloudflareHostnameAbsence()
    if kind == 1:
        return RegistrationRefusal("hostname_taken", "Somebody else has it.")
    listed = [
        numbered_certificate(number, told=told, correction=draw(st.sampled_from(CORRECTIONS[told])))
        for number in draw(st.lists(st.sampled_from(frequent) | st.integers(-6, 12), max_size=3))
    ]
    if draw(st.booleans()):
        listed.append(certificate("undated", issued_at=None))
    return builders.seen(
        draw(st.sampled_from(["active"] * 12 + ["pending"] * 3 + [*HOSTNAME_STATUSES, "hibernating", None])),
        draw(st.sampled_from(["active"] * 15 + [*SSL_STATUSES, "hibernating", None])),
        *listed,
    )


@st.composite
def stories(draw: st.DrawFn) -> list[tuple[int, str | None, CloudflareObservation | None]]:
    """Looks as (milliseconds since the last, DNS kind, Cloudflare's answer)."""
    told = draw(st.sampled_from(sorted(CORRECTIONS)))
    frequent = draw(st.lists(st.integers(-2, 6), min_size=1, max_size=3))
    step = st.tuples(
        st.sampled_from([0, MINUTE, HOUR, 6 * HOUR, DAY, 10 * DAY, 40 * DAY]),
        st.none() | st.sampled_from(["right", "missing", "missing", *DNS]),
        st.none() | cloudflare_answers(told, frequent),
    )
    return draw(st.lists(step, max_size=25))


class Watcher:
    """Plays a story and holds each look to the promises, by a bookkeeping of its own."""

    def __init__(self) -> None:
        self.domain = added_domain()
        self.now = NOW
        self.failed_checks = 0
        self.settles_at = NOW
        self.doubts = 0
        self.was_serving = False
        self.latest_expiry = -1
        self.renewed_to: set[str | int] = set()
        self.told: dict[str | int, int] = {}

    def play(self, wait: int, dns_kind: str | None, answer: CloudflareObservation | None) -> None:
        self.now += wait
        before = self.domain
        observed = [] if dns_kind is None else [DNS[dns_kind][0]]
        only_dns = apply_check(before, observed, self.now, LifecycleRules(expiry_thresholds_ms=())).domain
        step = apply_check(before, [*observed, *([] if answer is None else [answer])], self.now, RULES)
        self.domain = step.domain
        events = {kind: [draft for draft in step.events if draft.type is kind] for kind in EventType}
        self._dns(before, dns_kind, events)
        self._status(before, events)
        self._cloudflare(before, only_dns, answer, step.unknown_values)
        self._renewals(before, events[EventType.DOMAIN_RENEWED])
        self._upcoming()
        self._warnings(events[EventType.DOMAIN_EXPIRING_SOON])
        for draft in step.events:
            self._draft(draft)
        changed = (before.status, before.dns_state) != (self.domain.status, self.domain.dns_state)
        assert self.domain.checks_since_change == (0 if changed else before.checks_since_change + 1)

    def _dns(self, before: Domain, kind: str | None, events: dict[EventType, list[EventDraft]]) -> None:
        after = self.domain
        state, codes = (None, frozenset[str]()) if kind is None else DNS[kind][1:]
        verified, failed = events[EventType.DNS_VERIFIED], events[EventType.DNS_CHECK_FAILED]
        if state is None:
            assert (after.dns_state, after.findings) == (before.dns_state, before.findings)
            assert (verified, failed) == ([], [])
            return
        self.failed_checks = self.failed_checks + 1 if state is DnsState.FAILED else 0
        pointed_here = before.dns_state in (DnsState.VERIFIED, DnsState.UNVERIFIABLE)
        believed = state is not DnsState.FAILED or not pointed_here or self.failed_checks >= 2
        known_codes = frozenset(finding.code for finding in before.findings)
        waiting = before.status in (DomainStatus.PENDING_CNAME, DomainStatus.ISSUING)
        is_other = codes != known_codes if state is DnsState.FAILED else "caa_blocks" in codes - known_codes
        news = waiting and believed and is_other
        turned = (believed and state is not before.dns_state) or news
        owed = max(self.settles_at - self.now, 0)
        held = turned and owed > 11 * 4 * HOUR
        if turned and not held:
            self.settles_at = self.now + owed + 4 * HOUR
        assert after.dns_state is (state if believed and not held else before.dns_state)
        assert frozenset(finding.code for finding in after.findings) == (known_codes if held else codes)
        became_verified = state is DnsState.VERIFIED and before.dns_state is not DnsState.VERIFIED
        left_verified = state is DnsState.FAILED and believed and pointed_here
        assert len(verified) == (became_verified and not held)
        assert len(failed) == ((left_verified or news) and not became_verified and not held)
        for draft in (*verified, *failed):
            assert draft.data["dns_status"] == after.dns_state
            assert {each["code"] for each in draft.data["findings"]} >= codes

    def _status(self, before: Domain, events: dict[EventType, list[EventDraft]]) -> None:
        after = self.domain
        became_active = after.status is DomainStatus.ACTIVE and before.status is not DomainStatus.ACTIVE
        assert len(events[EventType.DOMAIN_ACTIVE]) == became_active
        assert (after.error is not None) == (after.status is DomainStatus.ERROR)
        old, new = (domain.error.code if domain.error else None for domain in (before, after))
        assert len(events[EventType.DOMAIN_ERROR]) == (new is not None and new != old)
        assert before.expires_at is None or after.expires_at is not None
        if before.status is DomainStatus.ISSUING and after.status is DomainStatus.PENDING_CNAME:
            assert self.failed_checks >= 2

    def _cloudflare(
        self, before: Domain, only_dns: Domain, answer: CloudflareObservation | None, unknown: tuple[str, ...]
    ) -> None:
        after = self.domain
        if isinstance(answer, CloudflareHostnameAbsence | RegistrationRefusal):
            assert after.status is DomainStatus.ERROR
            self.was_serving = False
        if not isinstance(answer, CloudflareHostname):
            assert answer is not None or (after.status, after.error) == (only_dns.status, only_dns.error)
            return
        assert any("hibernating" in word for word in unknown) == ("hibernating" in (answer.status, answer.ssl_status))
        self.doubts = self.doubts + 1 if answer.status == "pending" else 0
        if answer.status in SERVING:
            self.was_serving = True
            assert after.status is not DomainStatus.ACTIVE or after.expires_at is None or after.expires_at > self.now
            good = only_dns.status is DomainStatus.ACTIVE and (after.expires_at or 0) > self.now
            if good and answer.ssl_status not in ("deleted", "inactive"):
                assert after.status is DomainStatus.ACTIVE
        elif answer.status in LOST or (answer.status == "pending" and self.doubts >= 2):
            self.was_serving = False
        elif before.cf_id is None and before.error is not None:
            assert after.error is None or after.error.code != before.error.code, "Cloudflare has the hostname again"
        elif answer.status != "pending" or only_dns.status is DomainStatus.ACTIVE:
            assert (after.status, after.error) == (only_dns.status, only_dns.error)
        assert after.status is not DomainStatus.ACTIVE or self.was_serving

    def _renewals(self, before: Domain, renewed: list[EventDraft]) -> None:
        old, new = before.certificate, self.domain.certificate
        assert len(renewed) <= 1
        later = (
            old is not None
            and new is not None
            and old.issued_at is not None
            and new.issued_at is not None
            and new.issued_at > old.issued_at
        )
        if renewed:
            assert old is not None, "the first certificate is no renewal"
            assert new is not None
            assert new.expires_at > old.expires_at
            assert identity(new) != identity(old), "the same certificate is no renewal, whenever it ends"
            assert identity(new) not in self.renewed_to, "told already"
            assert later or new.expires_at > self.latest_expiry
            self.renewed_to.add(identity(new))
        elif later:
            assert old is not None
            assert new is not None
            assert new.expires_at <= old.expires_at, "a renewal is not told"
        self.latest_expiry = max(self.latest_expiry, new.expires_at if new else -1)

    def _upcoming(self) -> None:
        held, following = self.domain.certificate, self.domain.next_certificate
        if following is None or held is None:
            return
        assert identity(following) != identity(held)
        if held.issued_at is not None and following.issued_at is not None:
            assert following.issued_at > held.issued_at

    def _warnings(self, warned: list[EventDraft]) -> None:
        held = self.domain.certificate
        if held is None or self.domain.status is not DomainStatus.ACTIVE or held.expires_at <= self.now:
            assert warned == []
            return
        lifetime = 10_000 * DAY if held.issued_at is None else held.expires_at - held.issued_at
        windows = (min(30 * DAY, lifetime // 3), min(7 * DAY, lifetime // 8))
        passed = sum(self.now >= held.expires_at - window for window in windows)
        told = self.told.get(identity(held), 0)
        assert len(warned) == (passed > told), "each certificate and threshold is told once"
        self.told[identity(held)] = max(passed, told)

    def _draft(self, draft: EventDraft) -> None:
        assert draft.domain_id == self.domain.id
        assert (draft.data["domain_id"], draft.data["domain_name"]) == (self.domain.id, NAME)
        if draft.data["expires_at"] is not None:
            from_rfc3339(draft.data["expires_at"])
        body: dict[str, Any] = json.loads(build_body(draft, event_id="evt_1", sequence=1, now=self.now))
        assert body["data"] == json.loads(json.dumps(draft.data))


@examples(4)
@given(stories())
def test_any_sequence_of_looks_keeps_every_promise(
    story: list[tuple[int, str | None, CloudflareObservation | None]],
) -> None:
    watcher = Watcher()
    for wait, dns_kind, answer in story:
        watcher.play(wait, dns_kind, answer)


@given(stories())
def test_the_same_sequence_gives_the_same_domain_and_events_again(
    story: list[tuple[int, str | None, CloudflareObservation | None]],
) -> None:
    first, second = Watcher(), Watcher()
    for step in story:
        first.play(*step)
    for step in story:
        second.play(*step)
    assert first.domain == second.domain


@examples(2)
@given(stories(), st.integers(0, 25))
def test_nothing_happens_twice_when_cloudflares_very_answer_is_seen_again(
    story: list[tuple[int, str | None, CloudflareObservation | None]], where: int
) -> None:
    """Only the second `pending` in a row says more than the first; any other answer repeated says nothing new."""
    watcher = Watcher()
    for step in story[: where + 1]:
        watcher.play(*step)
    last = story[where][2] if where < len(story) else None
    if last is None or (isinstance(last, CloudflareHostname) and last.status == "pending"):
        return
    again = apply_check(watcher.domain, [last], watcher.now, RULES)
    assert again.events == ()
    assert (again.domain.status, again.domain.error) == (watcher.domain.status, watcher.domain.error)
