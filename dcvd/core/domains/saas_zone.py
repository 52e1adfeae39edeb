"""The operator's zone at Cloudflare, which serves all hostnames: what keeps them waiting, and what its plan lacks."""

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.domains.stalls import Stall


class ZoneFaultCode(StrEnum):
    """What is wrong with the zone, or with our access to it, so that hostnames wait, whatever their DNS."""

    UNAUTHORIZED = "cloudflare_unauthorized"
    ZONE_NOT_FOUND = "cloudflare_zone_not_found"
    ZONE_INACTIVE = "cloudflare_zone_inactive"
    """Cloudflare does not serve the zone: it is not active there, or paused."""
    NOT_ENABLED = "saas_not_enabled"
    """Cloudflare for SaaS is not enabled for the zone: no custom hostnames are allocated to it."""
    QUOTA_EXCEEDED = "quota_exceeded"
    FALLBACK_ORIGIN = "fallback_origin"
    """The zone has no active fallback origin, without which no hostname becomes active."""
    TARGET_UNRESOLVED = "target_unresolved"
    """The name that customers point to has no address."""


class PlanFeature(StrEnum):
    """What a plan of Cloudflare's may lack."""

    AUTHORITY_CHOICE = "authority_choice"
    WILDCARD = "wildcard"


class ZoneFault(Struct, frozen=True, kw_only=True):
    """A fault of the zone. message: what was found, in Cloudflare's words where they are. since: milliseconds.

    target: the configured target that it concerns, of those to which domains point; None for all of them.
    """

    code: ZoneFaultCode
    message: str
    since: int
    target: str | None = None


class HostnameUsage(Struct, frozen=True):
    """How many custom hostnames the zone has, and how many it may have; asked_at: when Cloudflare said so."""

    used: int
    allowed: int
    asked_at: int


class SaasZone(Struct, frozen=True, kw_only=True):
    """What is known of the zone. lacking: what its plan was found to lack. stalls: where many domains wait at once.

    name: that of the zone itself. name, usage: None until Cloudflare said it. is_access_confirmed: whether Cloudflare
    took our token for all that it is for.
    """

    name: str | None = None
    faults: tuple[ZoneFault, ...] = ()
    lacking: frozenset[PlanFeature] = frozenset()
    stalls: tuple[Stall, ...] = ()
    usage: HostnameUsage | None = None
    is_access_confirmed: bool = False

    def lacks(self, feature: PlanFeature) -> bool:
        """Whether the plan is known to lack a feature."""
        return feature in self.lacking

    def with_fault(self, fault: ZoneFault) -> "SaasZone":
        """Return the zone with a fault, which keeps the instant since when it is known."""
        before = next((each for each in self.faults if each.code is fault.code), None)
        if before is not None and before.target == fault.target:
            fault = replace(fault, since=before.since)
        others = (each for each in self.faults if each.code is not fault.code)
        return replace(self, faults=tuple(sorted((*others, fault), key=lambda each: _ORDER.index(each.code))))

    def without_faults(self, *codes: ZoneFaultCode) -> "SaasZone":
        """Return the zone without faults of these codes."""
        return replace(self, faults=tuple(fault for fault in self.faults if fault.code not in codes))


UNKNOWN_ZONE = SaasZone()
"""Nothing is known to be wrong."""
_ORDER = tuple(ZoneFaultCode)
