"""Many domains that wait at one stage at once, which is no fault of any of them."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from dcvd.core.domains.cloudflare_statuses import (
    CertificateClass,
    HostnameClass,
    classify_hostname_status,
    classify_ssl_status,
)
from dcvd.core.domains.domain import POINTING_STATES, WAITING_STATUSES, Domain
from dcvd.core.instants import DAY, HOUR, MINUTE

STALLED_AFTER_MS: Final = 15 * MINUTE
"""A stage that takes longer has stalled: each usually takes some minutes."""
LONGEST_MS: Final = DAY
"""A domain that has waited for longer has a cause of its own."""
ACTIVATION_WINDOW_MS: Final = HOUR
_LEAST_COUNT: Final = 5


class Stage(StrEnum):
    """What a domain waits for whose DNS is right."""

    ORDER = "order"
    VALIDATION = "validation"
    ISSUANCE = "issuance"
    DEPLOYMENT = "deployment"
    HOSTNAME = "hostname"
    """The certificate is there, and Cloudflare does not serve the hostname yet."""


class StageWait(Struct, frozen=True, kw_only=True):
    """Domains that wait with the same statuses at Cloudflare. count: of registrable names. since: milliseconds."""

    cf_status: str | None
    cf_ssl_status: str | None
    count: int
    since: int


class Stall(Struct, frozen=True, kw_only=True):
    """A stage at which many domains wait. since: when the first of them came to it, in milliseconds."""

    stage: Stage
    count: int
    since: int


def find_stage(domain: Domain) -> Stage | None:
    """Return what a domain waits for, where it is not its own DNS."""
    if domain.status not in WAITING_STATUSES or domain.cf_id is None or domain.dns_state not in POINTING_STATES:
        return None
    if domain.validation == "delegated" and not domain.challenge_verified:
        return None
    return _choose_stage(domain.cf_status, domain.cf_ssl_status)


def find_stalls(waits: Iterable[StageWait], activation_count: int) -> tuple[Stall, ...]:
    """Find the stages at which many domains wait, more than have become active meanwhile."""
    by_stage: dict[Stage, list[StageWait]] = {}
    for wait in waits:
        stage = _choose_stage(wait.cf_status, wait.cf_ssl_status)
        if stage is not None:
            by_stage.setdefault(stage, []).append(wait)
    stalls = [
        Stall(stage=stage, count=sum(wait.count for wait in found), since=min(wait.since for wait in found))
        for stage, found in by_stage.items()
    ]
    return tuple(stall for stall in stalls if stall.count >= _LEAST_COUNT and stall.count > activation_count)


def _choose_stage(cf_status: str | None, cf_ssl_status: str | None) -> Stage | None:
    if classify_hostname_status(cf_status) not in (HostnameClass.WAITING, HostnameClass.SERVING):
        return None
    stage = _STAGES.get(classify_ssl_status(cf_ssl_status))
    is_serving = classify_hostname_status(cf_status) is HostnameClass.SERVING
    return None if stage is Stage.HOSTNAME and is_serving else stage


_STAGES: Final = {
    CertificateClass.INITIALIZING: Stage.ORDER,
    CertificateClass.AWAITING_VALIDATION: Stage.VALIDATION,
    CertificateClass.AWAITING_ISSUE: Stage.ISSUANCE,
    CertificateClass.AWAITING_DEPLOYMENT: Stage.DEPLOYMENT,
    CertificateClass.SERVING: Stage.HOSTNAME,
}
