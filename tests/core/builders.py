"""What the core's tests are made of: a domain, its observations, and a story that plays looks one after the other."""

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from dcvd.core.dns.facts import DnsFacts, DnsObservation
from dcvd.core.domains.domain import Domain, new_domain
from dcvd.core.domains.observations import CloudflareCertificate, CloudflareHostname
from dcvd.core.events import EventDraft
from dcvd.core.instants import DAY, from_rfc3339
from dcvd.core.lifecycle.transitions import LifecycleRules, Observation, Transition, apply_check

NOW: Final = from_rfc3339("2026-11-23T10:00:00Z")
NAME: Final = "app.customer.com"
TARGET: Final = "edge.saas.net"
TARGET_ADDRESSES: Final = ("192.0.2.10", "2001:db8::10")
THRESHOLDS: Final = (30 * DAY, 7 * DAY)

# Cloudflare's published enumerations, written out here so that the code's own lists are held to them.
HOSTNAME_STATUSES: Final = (
    "active", "active_redeploying", "pending", "blocked", "moved", "deleted", "pending_deletion", "pending_blocked",
    "pending_migration", "pending_provisioned", "provisioned", "test_pending", "test_active", "test_active_apex",
    "test_blocked", "test_failed",
)  # fmt: skip
SSL_STATUSES: Final = (
    "initializing", "pending_validation", "pending_issuance", "pending_deployment", "active", "initializing_timed_out",
    "validation_timed_out", "issuance_timed_out", "deployment_timed_out", "deletion_timed_out", "pending_deletion",
    "deleted", "pending_expiration", "expired", "pending_cleanup", "backup_issued", "holding_deployment",
    "staging_deployment", "staging_active", "deactivating", "inactive",
)  # fmt: skip


def counting_bytes(start: int = 0) -> Callable[[int], bytes]:
    """A random source for tests: 0, 1, 2, … over and over."""
    state = start

    def take(count: int) -> bytes:
        nonlocal state
        state += count
        return bytes((state - count + index) % 256 for index in range(count))

    return take


def added_domain(now: int = NOW) -> Domain:
    return new_domain(domain_id="dom_1", org_id="org_1", name=NAME, cname_target=TARGET, now=now)


def certificate(
    serial: str | None,
    *,
    days: int = 90,
    issued_at: int | None = NOW,
    expires_at: int | None = None,
    signature: str | None = "ECDSAWithSHA256",
) -> CloudflareCertificate:
    """An observed certificate of a lifetime of `days`, or with the expiry given."""
    if expires_at is None and issued_at is not None:
        expires_at = issued_at + days * DAY
    return CloudflareCertificate(
        serial=serial, issuer="GoogleTrustServices", signature=signature, issued_at=issued_at, expires_at=expires_at
    )


def seen(
    status: str | None = "active",
    ssl: str | None = "active",
    *certificates: CloudflareCertificate,
    errors: tuple[str, ...] = (),
    **members: Any,
) -> CloudflareHostname:
    found = CloudflareHostname(
        id="3537a672-e4d8-4d89-aab9-26cb622918a1",
        hostname=NAME,
        status=status,
        ssl_status=ssl,
        certificates=certificates,
        verification_errors=errors,
    )
    return replace(found, **members)


def facts(**changes: object) -> DnsFacts:
    """Answered facts of the hostname, NXDOMAIN unless told otherwise."""
    members: dict[str, object] = {
        "hostname": NAME, "target": TARGET, "outcome": "answered", "target_addresses": TARGET_ADDRESSES,
    }  # fmt: skip
    return DnsFacts(**(members | changes))  # type: ignore[arg-type]  # each caller names real members


def dns(**changes: object) -> DnsObservation:
    return DnsObservation(facts(**changes))


DNS_RIGHT: Final = dns(exists=True, chain=(TARGET,), addresses=TARGET_ADDRESSES)
DNS_MISSING: Final = dns()
DNS_WRONG: Final = dns(exists=True, chain=("old.host.net",), addresses=("198.51.100.1",))
DNS_FLATTENED: Final = dns(exists=True, addresses=TARGET_ADDRESSES[:1])
DNS_UNANSWERED: Final = dns(outcome="unanswered")


class Story:
    """A domain and a clock; each `look` returns the names of the events that it caused."""

    def __init__(
        self,
        domain: Domain | None = None,
        *,
        thresholds: tuple[int, ...] = THRESHOLDS,
        authorities: tuple[str, ...] = (),
    ) -> None:
        self.now = NOW
        self.domain = domain or added_domain()
        self.thresholds = thresholds
        self.authorities = authorities
        self.last = Transition(self.domain)

    @property
    def status(self) -> str:
        return self.domain.status.value

    @property
    def error_code(self) -> str | None:
        return self.domain.error.code if self.domain.error else None

    @property
    def drafts(self) -> tuple[EventDraft, ...]:
        return self.last.events

    @property
    def remedy(self) -> str | None:
        """What the last look wants done at Cloudflare."""
        return self.last.remedy.kind.value if self.last.remedy else None

    def wait(self, milliseconds: int) -> None:
        self.now += milliseconds

    def wait_until(self, instant: int) -> None:
        assert instant >= self.now, "a story's clock goes forward"
        self.now = instant

    def look(self, *observations: Observation) -> list[str]:
        rules = LifecycleRules(expiry_thresholds_ms=self.thresholds, certificate_authorities=self.authorities)
        self.last = apply_check(self.domain, observations, self.now, rules)
        self.domain = self.last.domain
        return [draft.type.value for draft in self.last.events]


def active_story(*certificates: CloudflareCertificate, thresholds: tuple[int, ...] = THRESHOLDS) -> Story:
    """A story that has come to `active` with DNS verified; one fresh 90-day certificate unless others are given."""
    story = Story(thresholds=thresholds)
    story.look(DNS_RIGHT, seen("active", "active", *(certificates or (certificate("01"),))))
    assert story.status == "active"
    return story


def pointing_here(*, authorities: tuple[str, ...] = ()) -> Story:
    """A story whose record was right before its hostname was registered."""
    story = Story(authorities=authorities)
    story.look(DNS_RIGHT)
    return story
