"""What Cloudflare's answers say of the operator's zone, and of our access to it."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import structlog
from msgspec.structs import replace

from dcvd.config import Live
from dcvd.core.domains.saas_zone import HostnameUsage, PlanFeature, SaasZone, ZoneFault, ZoneFaultCode
from dcvd.core.instants import DAY
from dcvd.custom_hostnames.errors import PLAN_LACKS
from dcvd.errors import DcvdError

log = structlog.get_logger(__name__)

_LACKING_FOR_MS: Final = DAY
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
        self.token_checked_at: int | None = None
        """When Cloudflare last took or refused the API token, in milliseconds."""
        self._plan_id = ""
        self._had: set[PlanFeature] = set()
        self._lacking_since: dict[PlanFeature, int] = {}

    @property
    def zone(self) -> SaasZone:
        """What is known now."""
        return self._zone.value

    @property
    def is_token_valid(self) -> bool | None:
        """Whether Cloudflare took the token the last time; None until it has answered."""
        if self.token_checked_at is None:
            return None
        return not any(fault.code is ZoneFaultCode.UNAUTHORIZED for fault in self.zone.faults)

    def record_success(self, method: str) -> None:
        """Learn from a call that was answered."""
        self.token_checked_at = self._now()
        cleared = [ZoneFaultCode.ZONE_NOT_FOUND]
        if method != "GET":
            self._is_write_refused = False
        if not self._is_write_refused:
            # A token that may only read is refused at a write alone.
            cleared.append(ZoneFaultCode.UNAUTHORIZED)
        if method == "POST":
            cleared += [ZoneFaultCode.NOT_ENABLED, ZoneFaultCode.QUOTA_EXCEEDED]
        self.clear(*cleared)

    def record_error(self, method: str, error: DcvdError, hostname: str) -> None:
        """Learn from a call that was refused; `hostname` is the one that it was about, "" where that is not known."""
        code = _LEARNED_BY_CALLS.get(error.code)
        if code is not None:
            if code is ZoneFaultCode.UNAUTHORIZED:
                self.token_checked_at = self._now()
                if method != "GET":
                    self._is_write_refused = True
            self.set(code, error.message)
        if error.code == PLAN_LACKS:
            for feature in find_lacking(error.message, hostname):
                self._had.discard(feature)
                self._set_lacking(feature)

    def learn_plan(self, plan_id: str, lacking: Iterable[PlanFeature]) -> None:
        """Learn the zone's plan, and what zones of its name usually lack; what calls have shown counts for more."""
        if plan_id != self._plan_id:
            self._plan_id = plan_id
            self._had.clear()
            for feature in self.zone.lacking:
                self._clear_lacking(feature)
        for feature in lacking:
            if feature not in self._had:
                self._set_lacking(feature)

    def record_feature(self, feature: PlanFeature) -> None:
        """Learn that the plan has a feature, from an order that was taken."""
        self._had.add(feature)
        self._clear_lacking(feature)

    def forget_old_lacks(self) -> None:
        """Forget what was missing long ago, so that it is tried again: plans change, and the token may not see that."""
        now = self._now()
        for feature, since in tuple(self._lacking_since.items()):
            if now - since >= _LACKING_FOR_MS:
                self._clear_lacking(feature)

    def set(self, code: ZoneFaultCode, message: str, *, target: str | None = None) -> None:
        """Store a fault; `target` as in `ZoneFault`."""
        zone = self.zone.with_fault(ZoneFault(code=code, message=message, since=self._now(), target=target))
        if not any(fault.code is code for fault in self.zone.faults):
            log.warning("cloudflare.zone_fault", code=code.value, error=message)
        if code is ZoneFaultCode.UNAUTHORIZED:
            zone = replace(zone, is_access_confirmed=False)
        self._zone.value = zone

    def clear(self, *codes: ZoneFaultCode) -> None:
        """Forget faults that are over."""
        ended = [fault.code.value for fault in self.zone.faults if fault.code in codes]
        if ended:
            log.info("cloudflare.zone_fault_ended", codes=ended)
            zone = self.zone.without_faults(*codes)
            if ZoneFaultCode.UNAUTHORIZED in ended:
                zone = replace(zone, is_access_confirmed=True)
            self._zone.value = zone
            self._on_ended(ended)

    def confirm_access(self) -> None:
        """Learn that Cloudflare takes the token, to read and to write."""
        if not self.zone.is_access_confirmed:
            self._zone.value = replace(self.zone, is_access_confirmed=True)

    def learn_name(self, name: str) -> None:
        """Learn what the zone is called."""
        if name and name != self.zone.name:
            self._zone.value = replace(self.zone, name=name)

    def learn_usage(self, used: int, allowed: int) -> None:
        """Learn how many custom hostnames the zone has and may have."""
        self._zone.value = replace(self.zone, usage=HostnameUsage(used, allowed, self._now()))

    def _set_lacking(self, feature: PlanFeature) -> None:
        self._lacking_since[feature] = self._now()
        if not self.zone.lacks(feature):
            log.warning("cloudflare.plan_lacks", feature=feature.value)
            self._zone.value = replace(self.zone, lacking=self.zone.lacking | {feature})

    def _clear_lacking(self, feature: PlanFeature) -> None:
        self._lacking_since.pop(feature, None)
        if self.zone.lacks(feature):
            log.info("cloudflare.plan_may_have", feature=feature.value)
            self._zone.value = replace(self.zone, lacking=self.zone.lacking - {feature})


def find_lacking(message: str, hostname: str) -> frozenset[PlanFeature]:
    """Return which features a refusal says that the plan lacks; the hostname in it may be made of any words."""
    if hostname:
        message = re.sub(re.escape(hostname), "", message, flags=re.IGNORECASE)
    found = {PlanFeature.WILDCARD: _WILDCARD, PlanFeature.AUTHORITY_CHOICE: _CHOICE}
    return frozenset(feature for feature, pattern in found.items() if pattern.search(message))
