"""Many domains that wait at one stage at once, which is no fault of any of them."""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from dcvd.core.custom_hostnames.statuses import (
    CertificateClass,
    HostnameClass,
)
from dcvd.core.domains.domain import POINTING_STATES, WAITING_STATUSES, DnsState, Domain
from dcvd.core.instants import DAY, MINUTE

STALLED_AFTER_MS: Final = 15 * MINUTE
"""A stage that takes longer has stalled: each usually takes some minutes."""
LONGEST_MS: Final = DAY
"""A domain that has waited for longer has a cause of its own."""
LEAST_COUNT: Final = 5


class Stage(StrEnum):
    """What a domain waits for whose DNS is right."""

    ORDER = "order"
    VALIDATION = "validation"
    ISSUANCE = "issuance"
    DEPLOYMENT = "deployment"
    HOSTNAME = "hostname"
    """The certificate is there, and Cloudflare does not serve the hostname yet."""


class WaitingGroup(Struct, frozen=True, kw_only=True):
    """Domains of which Cloudflare says the same. first: the longest waiting of them."""

    first: Domain
    registrable_names: tuple[str, ...]


class Stall(Struct, frozen=True, kw_only=True):
    """A stage at which many domains wait.

    cause: the code of the finding that Cloudflare's texts give each of them and that only its owner could mend, if any.
    since, until: when the first and the last of them came to it, in milliseconds.
    """

    stage: Stage
    cause: str | None
    count: int
    since: int
    until: int

    def holds(self, domain: Domain, cause: str | None) -> bool:
        """Whether it is what a domain waits for, whose texts have this cause."""
        if domain.cf_changed_at is None or domain.cf_changed_at < self.since or cause != self.cause:
            return False
        # Each stage takes a while anyway; but what is said of many is no fault of whoever came last.
        is_late = cause is None and domain.cf_changed_at > self.until
        return not is_late and find_stage(domain) is self.stage


def find_stage(domain: Domain) -> Stage | None:
    """Return what a domain waits for, where it is not its own DNS."""
    if domain.status not in WAITING_STATUSES or domain.cf_id is None or domain.dns_state not in POINTING_STATES:
        return None
    if domain.validation == "delegated" and not domain.challenge_verified:
        return None
    if domain.hostname_class not in (HostnameClass.WAITING, HostnameClass.SERVING):
        return None
    if domain.dns_state is DnsState.UNVERIFIABLE and domain.hostname_class is HostnameClass.WAITING:
        return None  # Where it leads is hidden, and Cloudflare has not seen that it is here.
    stage = _STAGES.get(domain.certificate_class)
    return None if stage is Stage.HOSTNAME and domain.hostname_class is HostnameClass.SERVING else stage


_STAGES: Final = {
    CertificateClass.INITIALIZING: Stage.ORDER,
    CertificateClass.AWAITING_VALIDATION: Stage.VALIDATION,
    CertificateClass.AWAITING_ISSUE: Stage.ISSUANCE,
    CertificateClass.AWAITING_DEPLOYMENT: Stage.DEPLOYMENT,
    CertificateClass.SERVING: Stage.HOSTNAME,
}
