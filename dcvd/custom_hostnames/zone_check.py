"""Check the operator's zone at Cloudflare: the token, its permission, the quota, the fallback origin and the plan."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any, Final, Literal

from msgspec import Struct

from dcvd.core.domains.saas_zone import PlanFeature, ZoneFaultCode
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.custom_hostnames.wire import as_object
from dcvd.errors import DcvdError, Permanent, RemoteError, Unauthorized

PartState = Literal["ok", "failing", "unknown"]
_ENTERPRISE: Final = "enterprise"
_MAX_TEXT_CHARS: Final = 100


class ZonePart(StrEnum):
    """What of the zone is checked."""

    TOKEN = "token"
    PERMISSION = "permission"
    ZONE = "zone"
    PLAN = "plan"
    QUOTA = "quota"
    FALLBACK_ORIGIN = "fallbackOrigin"
    TARGET = "target"


class PartResult(Struct, frozen=True):
    """The state of a part, and what was found, in a sentence. `unknown`: it could not be told, and may well work."""

    part: ZonePart
    state: PartState
    message: str


async def check_zone(client: CloudflareClient) -> list[PartResult]:
    """Check the zone by some calls that change nothing; the client's `zone_watch` learns what they found. Never raises.

    Where the token does not read the custom hostnames, nothing else is asked.
    """
    results = [await _check(ZonePart.TOKEN, lambda: _check_token(client))]
    if results[0].state != "ok":
        return results
    for part, check in (
        (ZonePart.PERMISSION, _check_permission),
        (ZonePart.ZONE, _check_zone),
        (ZonePart.QUOTA, _check_quota),
        (ZonePart.FALLBACK_ORIGIN, _check_fallback_origin),
    ):
        results.append(await _check(part, lambda: check(client)))  # noqa: B023  # it is awaited at once
    return results


async def _check(part: ZonePart, check: Callable[[], Awaitable[tuple[PartState, str]]]) -> PartResult:
    try:
        return PartResult(part, *await check())
    except RemoteError as error:
        is_refused = part in (ZonePart.TOKEN, ZonePart.PERMISSION) and _is_refusal(error)
        return PartResult(part, "failing" if is_refused else "unknown", error.message)


def _is_refusal(error: DcvdError) -> bool:
    return isinstance(error, Unauthorized | Permanent) or error.code in {code.value for code in ZoneFaultCode}


async def _check_token(client: CloudflareClient) -> tuple[PartState, str]:
    await client.list_page(1)
    return "ok", "The API token reads the custom hostnames of the zone."


async def _check_permission(client: CloudflareClient) -> tuple[PartState, str]:
    await client.try_write()
    return "ok", "The API token may write custom hostnames."


async def _check_zone(client: CloudflareClient) -> tuple[PartState, str]:
    zone = as_object(await client.read_setting(""))
    name, status, plan = _text(zone.get("name")), _text(zone.get("status")), as_object(zone.get("plan"))
    plan_id, plan_name = _text(plan.get("legacy_id")), _text(plan.get("name"))
    if plan_id:
        for feature in PlanFeature:
            client.zone_watch.set_lacking(feature, is_lacking=plan_id.lower() != _ENTERPRISE)
    if status != "active":
        return "failing", f"The zone {name} is {status or 'of no status'} at Cloudflare, and not active."
    if plan_id and plan_id.lower() != _ENTERPRISE:
        return (
            "ok",
            f"The zone {name} is active. Its plan, {plan_name or plan_id}, has no choice of CA and no wildcards.",
        )
    return "ok", f"The zone {name} is active{f', with the plan {plan_name}' if plan_name else ''}."


async def _check_quota(client: CloudflareClient) -> tuple[PartState, str]:
    quota = as_object(await client.read_setting("/custom_hostnames/quota"))
    used, cap = quota.get("used"), quota.get("hard_cap")
    if not isinstance(used, int) or not isinstance(cap, int):
        return "unknown", "Cloudflare does not say how many custom hostnames the zone may have."
    if cap == 0:
        message = "No custom hostnames are allocated to the zone: enable Cloudflare for SaaS."
        client.zone_watch.set(ZoneFaultCode.NOT_ENABLED, message)
        return "failing", message
    client.zone_watch.clear(ZoneFaultCode.NOT_ENABLED)
    if used >= cap:
        message = f"All {cap} custom hostnames that the zone may have are used: raise the quota, or remove some."
        client.zone_watch.set(ZoneFaultCode.QUOTA_EXCEEDED, message)
        return "failing", message
    client.zone_watch.clear(ZoneFaultCode.QUOTA_EXCEEDED)
    return "ok", f"The zone has {used} of at most {cap} custom hostnames."


async def _check_fallback_origin(client: CloudflareClient) -> tuple[PartState, str]:
    try:
        fallback = as_object(await client.read_setting("/custom_hostnames/fallback_origin"))
    except Permanent as error:
        if error.http_status != 404:
            raise
        fallback = {}
    origin, status = _text(fallback.get("origin")), _text(fallback.get("status"))
    if origin and status == "active":
        client.zone_watch.clear(ZoneFaultCode.FALLBACK_ORIGIN)
        return "ok", f"The fallback origin {origin} is active."
    message = (
        f"The fallback origin {origin} is {status or 'of no status'}, and not active."
        if origin
        else "The zone has no fallback origin, without which no hostname becomes active: set one."
    )
    client.zone_watch.set(ZoneFaultCode.FALLBACK_ORIGIN, message)
    return "failing", message


def _text(value: Any) -> str:
    return value[:_MAX_TEXT_CHARS] if isinstance(value, str) else ""
