"""Advance a custom hostname through its stages: pure functions of the record, the conditions in DNS, and the time.

`apply_conditions` notes the conditions from an instant on; `advance` makes every change that has come due since.
Between two calls of `apply_conditions` DNS is constant, so it makes no difference how often somebody reads the record
in between: `advance(advance(r, t1), t2) == advance(r, t2)`.
"""

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import asdict, replace

from dcvd.sandbox.hostnames.certificates import VALIDITY_DAYS, issue_pair, move_expiry, renewal_due_at
from dcvd.sandbox.hostnames.model import (
    CustomHostname,
    ForcedState,
    HostnameConditions,
    SslOrder,
    compute_challenge_tokens,
    visible_status,
)
from dcvd.sandbox.hostnames.statuses import HostnameStatus, SslStatus, Stage

_STATUSES_WITH_CERTIFICATE: Final = frozenset(
    {SslStatus.ACTIVE, SslStatus.PENDING_DEPLOYMENT, SslStatus.PENDING_EXPIRATION, SslStatus.EXPIRED}
)

_DueChange = tuple[int, Callable[[], CustomHostname]]


class ForcedStateChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the forced state: UNSET leaves a member as it is, None releases it."""

    status: HostnameStatus | UnsetType | None = UNSET
    ssl_status: SslStatus | UnsetType | None = UNSET
    expires_on: int | UnsetType | None = UNSET
    validation_errors: tuple[str, ...] | UnsetType | None = UNSET
    is_sticky: bool | UnsetType = UNSET


def apply_conditions(record: CustomHostname, conditions: HostnameConditions, now: int) -> CustomHostname:
    """Note the conditions that hold from `now` on; every change due before must have been made by `advance`."""
    record = replace(record, conditions=conditions)
    owned_at = None
    if conditions.fallback_active_at is not None and _is_routed(record):
        owned_at = record.owned_at if record.owned_at is not None else max(now, conditions.fallback_active_at)
    record = replace(record, owned_at=owned_at)
    if record.ssl is None:
        return record
    return replace(record, ssl=_check_tokens(record.ssl, conditions, now))


def advance(record: CustomHostname, now: int, step_ms: int) -> CustomHostname:
    """Make every change that is due until `now`, each at its own time; one stage takes `step_ms` milliseconds."""
    while True:
        changes = [
            change for change in (_next_activation(record, step_ms), _next_stage(record, step_ms)) if change is not None
        ]
        next_change = min(changes, key=lambda change: change[0], default=None)
        if next_change is None or next_change[0] > now:
            return record
        record = next_change[1]()


def restart(record: CustomHostname, ssl: SslOrder, now: int) -> CustomHostname:
    """Start validation again with fresh tokens; a certificate that serves goes on serving.

    This also releases the forced state, unless it is sticky.
    """
    status = visible_status(record)
    order = replace(
        ssl,
        stage=SslStatus.INITIALIZING if ssl.custom_certificate is None else SslStatus.ACTIVE,
        stage_entered_at=now,
        certificates=ssl.certificates if ssl.custom_certificate is None else (),
        token_generation=ssl.token_generation + 1,
        validated_at=None,
        undeployed_certificates=(),
        is_renewal_open=False,
    )
    return replace(
        record,
        ssl=_check_tokens(order, record.conditions, now),
        is_validated=record.is_validated and status is HostnameStatus.ACTIVE,
        pending_at=now,
        forced_state=record.forced_state if record.forced_state.is_sticky else ForcedState(),
    )


def renew(record: CustomHostname, now: int, days: int = VALIDITY_DAYS) -> CustomHostname | None:
    """Issue a new pair at once, whatever DNS says, and deploy it; return None if no certificate serves yet."""
    if record.ssl is None or not record.ssl.certificates:
        return None
    ssl = record.ssl
    if record.forced_state.expires_on is not None:
        ssl = replace(ssl, certificates=move_expiry(ssl.certificates, record.forced_state.expires_on))
    return replace(
        record,
        ssl=_issue_certificates(replace(ssl, undeployed_certificates=()), now, days),
        forced_state=replace(record.forced_state, expires_on=None),
    )


def force(record: CustomHostname, change: ForcedStateChange, now: int) -> CustomHostname:
    """Force the members of `change`; a state or an expiry that implies a certificate issues one if there is none."""
    forced = record.forced_state
    forced_state = replace(forced, **{member: value for member, value in asdict(change).items() if value is not UNSET})
    record = replace(record, forced_state=forced_state)
    ssl = record.ssl
    if ssl is None:
        return record
    if forced.expires_on is not None and forced_state.expires_on is None and ssl.stage is SslStatus.ACTIVE:
        # There was no renewal while the expiry was forced; an overdue one starts now, not in the past.
        return replace(record, ssl=replace(ssl, stage_entered_at=now))
    needs_certificate = forced_state.expires_on is not None or forced_state.ssl_status in _STATUSES_WITH_CERTIFICATE
    if needs_certificate and not ssl.certificates and not ssl.undeployed_certificates:
        pair = issue_pair(ssl.id, ssl.pair_count + 1, now, ssl.authority)
        return replace(record, ssl=replace(ssl, certificates=pair, pair_count=ssl.pair_count + 1))
    return record


def _is_routed(record: CustomHostname) -> bool:
    """Whether a CNAME, or a TXT record before the traffic is moved, proves that the hostname belongs to this zone."""
    return record.conditions.has_cname or record.ownership_token in record.conditions.ownership_txt


def _check_tokens(ssl: SslOrder, conditions: HostnameConditions, now: int) -> SslOrder:
    """Note since when the CA can validate the order, if it can.

    Cloudflare itself validates a name that points to it over HTTP, even if TXT was ordered; a wildcard needs DNS. A CA
    that refuses validates nothing.
    """
    is_proven_by_dns = conditions.is_delegated or conditions.challenge_txt.issuperset(compute_challenge_tokens(ssl))
    is_proven = is_proven_by_dns or (conditions.has_cname and not ssl.wildcard)
    if not is_proven or conditions.authority_refusal is not None:
        return replace(ssl, validated_at=None)
    return ssl if ssl.validated_at is not None else replace(ssl, validated_at=now)


def _next_activation(record: CustomHostname, step_ms: int) -> _DueChange | None:
    if record.is_validated or record.owned_at is None:
        return None
    return max(record.pending_at, record.owned_at) + step_ms, lambda: replace(record, is_validated=True)


def _next_stage(record: CustomHostname, step_ms: int) -> _DueChange | None:
    ssl = record.ssl
    if ssl is None:
        return None
    match ssl.stage:
        case SslStatus.INITIALIZING:
            return _stage_change(record, ssl, SslStatus.PENDING_VALIDATION, ssl.stage_entered_at + step_ms)
        case SslStatus.PENDING_VALIDATION:
            if ssl.validated_at is None:
                return None
            return _stage_change(
                record, ssl, SslStatus.PENDING_ISSUANCE, max(ssl.stage_entered_at, ssl.validated_at) + step_ms
            )
        case SslStatus.PENDING_ISSUANCE:
            return _issuance_change(record, ssl, ssl.stage_entered_at + step_ms)
        case SslStatus.PENDING_DEPLOYMENT:
            at = ssl.stage_entered_at + step_ms
            deployed = replace(
                ssl,
                stage=SslStatus.ACTIVE,
                stage_entered_at=at,
                certificates=ssl.undeployed_certificates,
                undeployed_certificates=(),
            )
            return at, lambda: replace(record, ssl=deployed)
        case SslStatus.ACTIVE:
            return _next_renewal(record, ssl, step_ms)


def _next_renewal(record: CustomHostname, ssl: SslOrder, step_ms: int) -> _DueChange | None:
    due = renewal_due_at(ssl.certificates)
    if due is None or record.forced_state.expires_on is not None:
        return None
    due = max(due, ssl.stage_entered_at)
    if ssl.wildcard and not record.conditions.is_delegated and not ssl.is_renewal_open:
        reopened = replace(
            ssl,
            is_renewal_open=True,
            token_generation=ssl.token_generation + 1,
            stage_entered_at=due,
            validated_at=None,
        )
        return due, lambda: replace(record, ssl=_check_tokens(reopened, record.conditions, due))
    if ssl.validated_at is None:
        return None
    return _issuance_change(record, ssl, max(due, ssl.validated_at) + (step_ms if ssl.is_renewal_open else 0))


def _stage_change(record: CustomHostname, ssl: SslOrder, stage: Stage, due_at: int) -> _DueChange:
    return due_at, lambda: replace(record, ssl=replace(ssl, stage=stage, stage_entered_at=due_at))


def _issuance_change(record: CustomHostname, ssl: SslOrder, due_at: int) -> _DueChange:
    return due_at, lambda: replace(record, ssl=_issue_certificates(ssl, due_at, VALIDITY_DAYS))


def _issue_certificates(ssl: SslOrder, now: int, days: int) -> SslOrder:
    number = ssl.pair_count + 1
    return replace(
        ssl,
        stage=SslStatus.PENDING_DEPLOYMENT,
        stage_entered_at=now,
        pair_count=number,
        undeployed_certificates=issue_pair(ssl.id, number, now, ssl.authority, days),
        is_renewal_open=False,
    )
