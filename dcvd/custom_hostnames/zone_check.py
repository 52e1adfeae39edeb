"""Check the operator's zone at Cloudflare: the token, its permission, the quota, the fallback origin and the plan."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any, Final, Literal, assert_never

from msgspec import Struct

from dcvd.core.custom_hostnames.statuses import has_lost_fallback
from dcvd.core.domains.saas_zone import PlanFeature, ZoneFaultCode
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.custom_hostnames.wire import as_object
from dcvd.errors import Permanent, RemoteError, Unauthorized

PartState = Literal["ok", "failing", "unknown"]
_LESSER_PLANS: Final = frozenset({"free", "pro", "business"})
"""The plans without a choice of the CA and without wildcards, as Cloudflare's documentation has it (`legacy_id`). Of
any other plan the first refusal tells."""
_FEATURE_NAMES: Final = {PlanFeature.AUTHORITY_CHOICE: "no choice of CA", PlanFeature.WILDCARD: "no wildcards"}
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
    """The state of a part, and what was found, in a sentence. `unknown`: it could not be told, and may well work.

    "webhooks" is the way that they take, which is checked with the zone.
    """

    part: ZonePart | Literal["webhooks"]
    state: PartState
    message: str


async def check_zone(client: CloudflareClient) -> list[PartResult]:
    """Check the zone by some calls that change nothing; the client's `zone_watch` learns what they found. Never raises.

    Where the token does not read the custom hostnames, nothing else is asked.
    """
    client.zone_watch.forget_old_lacks()
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
        return PartResult(part, "failing" if _is_refusal(part, error) else "unknown", error.message)


def _is_refusal(part: ZonePart, error: RemoteError) -> bool:
    """Whether an error means that the part does not work, and not that the call did not."""
    match part:
        case ZonePart.TOKEN:
            return isinstance(error, Unauthorized | Permanent) or error.code in {code.value for code in ZoneFaultCode}
        case ZonePart.PERMISSION:
            # Any other refusal may be of the edit, which is one of a hostname that nobody has.
            return isinstance(error, Unauthorized) or (isinstance(error, Permanent) and error.http_status in (401, 403))
        case ZonePart.ZONE | ZonePart.PLAN | ZonePart.QUOTA | ZonePart.FALLBACK_ORIGIN | ZonePart.TARGET:
            return False
        case _:
            assert_never(part)


async def _check_token(client: CloudflareClient) -> tuple[PartState, str]:
    await client.list_page(1)
    return "ok", "The API token reads the custom hostnames of the zone."


async def _check_permission(client: CloudflareClient) -> tuple[PartState, str]:
    await client.try_write()
    client.zone_watch.confirm_access()
    return "ok", "The API token may write custom hostnames."


async def _check_zone(client: CloudflareClient) -> tuple[PartState, str]:
    zone = as_object(await client.read_setting(""))
    name, status, plan = _text(zone.get("name")), _text(zone.get("status")), as_object(zone.get("plan"))
    plan_id, plan_name = _text(plan.get("legacy_id")), _text(plan.get("name"))
    client.zone_watch.learn_name(name)
    if plan_id:
        client.zone_watch.learn_plan(plan_id, PlanFeature if plan_id in _LESSER_PLANS else ())
    is_paused = zone.get("paused") is True
    if status != "active" or is_paused:
        what = "paused" if is_paused else f"{status or 'of no status'}, and not active"
        message = f"The zone {name} is {what} at Cloudflare."
        if status or is_paused:
            client.zone_watch.set(ZoneFaultCode.ZONE_INACTIVE, message)
        return "failing", message
    client.zone_watch.clear(ZoneFaultCode.ZONE_INACTIVE)
    what = f"The zone {name} is active{f', with the plan {plan_name}' if plan_name else ''}"
    lacking = [_FEATURE_NAMES[each] for each in PlanFeature if client.zone_watch.zone.lacks(each)]
    return "ok", f"{what}. Its custom hostnames have {' and '.join(lacking)}." if lacking else f"{what}."


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
    client.zone_watch.learn_usage(used, cap)
    if used >= cap:
        message = f"All {cap} custom hostnames that the zone may have are used: raise the quota, or remove some."
        client.zone_watch.set(ZoneFaultCode.QUOTA_EXCEEDED, message)
        return "failing", message
    client.zone_watch.clear(ZoneFaultCode.QUOTA_EXCEEDED)
    return "ok", f"The zone has {used} of at most {cap} custom hostnames."


async def _check_fallback_origin(client: CloudflareClient) -> tuple[PartState, str]:
    try:
        answer = await client.read_setting("/custom_hostnames/fallback_origin")
    except Permanent as error:
        if error.http_status != 404:
            raise
        answer = {}
    state, message = judge_fallback_origin(answer)
    match state:
        case "ok":
            client.zone_watch.clear(ZoneFaultCode.FALLBACK_ORIGIN)
        case "failing":
            client.zone_watch.set(ZoneFaultCode.FALLBACK_ORIGIN, message)
        case "unknown":
            if any(fault.code is ZoneFaultCode.FALLBACK_ORIGIN for fault in client.zone_watch.zone.faults):
                client.zone_watch.set(ZoneFaultCode.FALLBACK_ORIGIN, message)
        case _:
            assert_never(state)
    return state, message


def judge_fallback_origin(answer: object) -> tuple[PartState, str]:
    """Judge what Cloudflare says of the fallback origin; one that is still being deployed is not known to fail."""
    if not isinstance(answer, dict) or not isinstance(answer.get("origin"), str | None):
        return "unknown", "Cloudflare's answer about the fallback origin is unreadable."
    origin, status = _text(answer.get("origin")), _text(answer.get("status"))
    if not origin:
        return "failing", "The zone has no fallback origin, without which no hostname becomes active: set one."
    if status == "active":
        return "ok", f"The fallback origin {origin} is active."
    state: PartState = "failing" if has_lost_fallback(status) else "unknown"
    return state, f"The fallback origin {origin} is {status or 'of no status'} at Cloudflare, and not active."


def _text(value: Any) -> str:
    return value[:_MAX_TEXT_CHARS] if isinstance(value, str) else ""
