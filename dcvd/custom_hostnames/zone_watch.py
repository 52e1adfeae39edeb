"""What Cloudflare's answers say of the operator's zone, and of our access to it."""

import re
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from msgspec.structs import replace

from dcvd.config import Live
from dcvd.core.domains.saas_zone import PlanFeature, SaasZone, ZoneFault, ZoneFaultCode
from dcvd.custom_hostnames.errors import PLAN_LACKS
from dcvd.errors import DcvdError

log = structlog.get_logger(__name__)

_WILDCARD: Final = re.compile(r"wild\W?card", re.IGNORECASE)
_CHOICE: Final = re.compile(r"certificate.?authority", re.IGNORECASE)
_LEARNED_BY_CALLS: Final = {
    code.value: code
    for code in (
        ZoneFaultCode.UNAUTHORIZED,
        ZoneFaultCode.ZONE_NOT_FOUND,
        ZoneFaultCode.NOT_ENABLED,
        ZoneFaultCode.QUOTA_EXCEEDED,
    )
}


class ZoneWatch:
    """Keeps what is known of the zone up to date, and logs what changes. `zone` is shared with whoever shows it."""

    def __init__(self, zone: Live[SaasZone], now: Callable[[], int], on_ended: Callable[[Sequence[str]], None]) -> None:
        """`now` is in milliseconds; `on_ended` is called with the codes of faults that are over."""
        self._zone = zone
        self._now = now
        self._on_ended = on_ended
        self._is_write_refused = False

    @property
    def zone(self) -> SaasZone:
        """What is known now."""
        return self._zone.value

    def record_success(self, method: str) -> None:
        """Learn from a call that was answered."""
        cleared = [ZoneFaultCode.ZONE_NOT_FOUND]
        if method != "GET":
            self._is_write_refused = False
        if not self._is_write_refused:
            # A token that may only read is refused at a write alone.
            cleared.append(ZoneFaultCode.UNAUTHORIZED)
        if method == "POST":
            cleared += [ZoneFaultCode.NOT_ENABLED, ZoneFaultCode.QUOTA_EXCEEDED]
        self.clear(*cleared)

    def record_error(self, method: str, error: DcvdError) -> None:
        """Learn from a call that was refused."""
        code = _LEARNED_BY_CALLS.get(error.code)
        if code is not None:
            if code is ZoneFaultCode.UNAUTHORIZED and method != "GET":
                self._is_write_refused = True
            self.set(code, error.message)
        if error.code == PLAN_LACKS:
            for feature in find_lacking(error.message):
                self.set_lacking(feature)

    def set(self, code: ZoneFaultCode, message: str) -> None:
        """Store a fault."""
        zone = self.zone.with_fault(ZoneFault(code=code, message=message, since=self._now()))
        if not any(fault.code is code for fault in self.zone.faults):
            log.warning("cloudflare.zone_fault", code=code.value, error=message)
        self._zone.value = zone

    def clear(self, *codes: ZoneFaultCode) -> None:
        """Forget faults that are over."""
        ended = [fault.code.value for fault in self.zone.faults if fault.code in codes]
        if ended:
            log.info("cloudflare.zone_fault_ended", codes=ended)
            self._zone.value = self.zone.without_faults(*codes)
            self._on_ended(ended)

    def set_lacking(self, feature: PlanFeature, *, is_lacking: bool = True) -> None:
        """Store whether the plan lacks a feature."""
        if self.zone.lacks(feature) is not is_lacking:
            log.warning("cloudflare.plan_lacks" if is_lacking else "cloudflare.plan_has", feature=feature.value)
            lacking = self.zone.lacking | {feature} if is_lacking else self.zone.lacking - {feature}
            self._zone.value = replace(self.zone, lacking=lacking)


def find_lacking(message: str) -> frozenset[PlanFeature]:
    """Return which features a refusal says that the plan lacks."""
    found = {PlanFeature.WILDCARD: _WILDCARD, PlanFeature.AUTHORITY_CHOICE: _CHOICE}
    return frozenset(feature for feature, pattern in found.items() if pattern.search(message))
