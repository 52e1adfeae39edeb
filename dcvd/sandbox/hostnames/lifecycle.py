"""How a custom hostname moves on: pure functions of the record, what DNS shows, and the time.

`see` notes what DNS says from an instant on; `advance` makes every change that has come due since. Between two calls of
`see` the DNS is constant, so it makes no difference how often, or whether, somebody looks in between:
`advance(advance(r, t1), t2) == advance(r, t2)`.
"""

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from dcvd.sandbox.hostnames.certificates import VALIDITY_DAYS, issue_pair, moved_to_expire, renewal_due
from dcvd.sandbox.hostnames.model import Forced, Hostname, Sight, SslOrder, challenge_tokens, shown_status
from dcvd.sandbox.hostnames.statuses import HostnameStatus, SslStatus, Stage

_IMPLY_A_CERTIFICATE: Final = frozenset(
    {SslStatus.ACTIVE, SslStatus.PENDING_DEPLOYMENT, SslStatus.PENDING_EXPIRATION, SslStatus.EXPIRED}
)

_Change = tuple[int, Callable[[], Hostname]]


class Force(msgspec.Struct, frozen=True, kw_only=True):
    """A change of what is forced: UNSET leaves a member as it is, None releases it."""

    status: HostnameStatus | UnsetType | None = UNSET
    ssl_status: SslStatus | UnsetType | None = UNSET
    expires_on: int | UnsetType | None = UNSET
    validation_errors: tuple[str, ...] | UnsetType | None = UNSET
    sticky: bool | UnsetType = UNSET


def see(record: Hostname, sight: Sight, at: int) -> Hostname:
    """From `at` on the DNS is as `sight` says; everything that was due before must have been advanced."""
    record = replace(record, sight=sight)
    owned_since = None
    if sight.fallback_from is not None and _routed(record):
        owned_since = record.owned_since if record.owned_since is not None else max(at, sight.fallback_from)
    record = replace(record, owned_since=owned_since)
    if record.ssl is None:
        return record
    return replace(record, ssl=_check_tokens(record.ssl, sight, at))


def advance(record: Hostname, now: int, step: int) -> Hostname:
    """Make every change due until `now`, each at its own time; `step` is the milliseconds that one stage takes."""
    while True:
        changes = [change for change in (_activation(record, step), _next_stage(record, step)) if change is not None]
        due = min(changes, key=lambda change: change[0], default=None)
        if due is None or due[0] > now:
            return record
        record = due[1]()


def restart(record: Hostname, ssl: SslOrder, now: int) -> Hostname:
    """Validate again with fresh tokens, whatever had failed; a serving certificate goes on serving.

    It also ends what was forced, unless that is sticky: a hold that has not been released.
    """
    status = shown_status(record)
    order = replace(
        ssl,
        stage=SslStatus.INITIALIZING,
        since=now,
        generation=ssl.generation + 1,
        validated_since=None,
        incoming=(),
        renewal_open=False,
    )
    return replace(
        record,
        ssl=_check_tokens(order, record.sight, now),
        validated=record.validated and status is HostnameStatus.ACTIVE,
        pending_since=now,
        forced=record.forced if record.forced.sticky else Forced(),
    )


def renew(record: Hostname, now: int, days: int = VALIDITY_DAYS) -> Hostname | None:
    """Issue a new pair at once, whatever DNS says, and deploy it; None where no certificate serves yet."""
    if record.ssl is None or not record.ssl.certificates:
        return None
    ssl = record.ssl
    if record.forced.expires_on is not None:
        ssl = replace(ssl, certificates=moved_to_expire(ssl.certificates, record.forced.expires_on))
    return replace(
        record, ssl=_issued(replace(ssl, incoming=()), now, days), forced=replace(record.forced, expires_on=None)
    )


def force(record: Hostname, change: Force, now: int) -> Hostname:
    """Hold what `change` names; a state that implies a certificate, or its expiry, issues one where there is none."""
    forced = record.forced
    new = Forced(
        status=forced.status if change.status is UNSET else change.status,
        ssl_status=forced.ssl_status if change.ssl_status is UNSET else change.ssl_status,
        expires_on=forced.expires_on if change.expires_on is UNSET else change.expires_on,
        validation_errors=forced.validation_errors if change.validation_errors is UNSET else change.validation_errors,
        sticky=forced.sticky if change.sticky is UNSET else change.sticky,
    )
    record = replace(record, forced=new)
    ssl = record.ssl
    if ssl is None:
        return record
    if forced.expires_on is not None and new.expires_on is None and ssl.stage is SslStatus.ACTIVE:
        # Renewal was held back while the expiry was forced; if it is overdue it starts now, not in the past.
        return replace(record, ssl=replace(ssl, since=now))
    wanted = new.expires_on is not None or new.ssl_status in _IMPLY_A_CERTIFICATE
    if wanted and not ssl.certificates and not ssl.incoming:
        pair = issue_pair(ssl.id, ssl.issued + 1, now, ssl.authority)
        return replace(record, ssl=replace(ssl, certificates=pair, issued=ssl.issued + 1))
    return record


def _routed(record: Hostname) -> bool:
    """Whoever has not moved the traffic yet may prove it by TXT instead."""
    return record.sight.cname or record.ownership_token in record.sight.ownership_txt


def _check_tokens(ssl: SslOrder, sight: Sight, at: int) -> SslOrder:
    """A name that points at Cloudflare is validated over HTTP by Cloudflare itself, also where TXT was asked for; a
    wildcard needs DNS. A CA that refuses is shown nothing."""
    by_dns = sight.delegated or sight.challenge_txt.issuperset(challenge_tokens(ssl))
    proven = by_dns or (sight.cname and not ssl.wildcard)
    if not proven or sight.refusal is not None:
        return replace(ssl, validated_since=None)
    return ssl if ssl.validated_since is not None else replace(ssl, validated_since=at)


def _activation(record: Hostname, step: int) -> _Change | None:
    if record.validated or record.owned_since is None:
        return None
    return max(record.pending_since, record.owned_since) + step, lambda: replace(record, validated=True)


def _next_stage(record: Hostname, step: int) -> _Change | None:
    ssl = record.ssl
    if ssl is None:
        return None
    match ssl.stage:
        case SslStatus.INITIALIZING:
            return _enter(record, ssl, SslStatus.PENDING_VALIDATION, ssl.since + step)
        case SslStatus.PENDING_VALIDATION:
            if ssl.validated_since is None:
                return None
            return _enter(record, ssl, SslStatus.PENDING_ISSUANCE, max(ssl.since, ssl.validated_since) + step)
        case SslStatus.PENDING_ISSUANCE:
            return _issue(record, ssl, ssl.since + step)
        case SslStatus.PENDING_DEPLOYMENT:
            at = ssl.since + step
            deployed = replace(ssl, stage=SslStatus.ACTIVE, since=at, certificates=ssl.incoming, incoming=())
            return at, lambda: replace(record, ssl=deployed)
        case SslStatus.ACTIVE:
            return _renewal(record, ssl, step)


def _renewal(record: Hostname, ssl: SslOrder, step: int) -> _Change | None:
    due = renewal_due(ssl.certificates)
    if due is None or record.forced.expires_on is not None:
        return None
    due = max(due, ssl.since)
    if ssl.wildcard and not record.sight.delegated and not ssl.renewal_open:
        asking = replace(ssl, renewal_open=True, generation=ssl.generation + 1, since=due, validated_since=None)
        return due, lambda: replace(record, ssl=_check_tokens(asking, record.sight, due))
    if ssl.validated_since is None:
        return None
    return _issue(record, ssl, max(due, ssl.validated_since) + (step if ssl.renewal_open else 0))


def _enter(record: Hostname, ssl: SslOrder, stage: Stage, at: int) -> _Change:
    return at, lambda: replace(record, ssl=replace(ssl, stage=stage, since=at))


def _issue(record: Hostname, ssl: SslOrder, at: int) -> _Change:
    return at, lambda: replace(record, ssl=_issued(ssl, at, VALIDITY_DAYS))


def _issued(ssl: SslOrder, at: int, days: int) -> SslOrder:
    number = ssl.issued + 1
    return replace(
        ssl,
        stage=SslStatus.PENDING_DEPLOYMENT,
        since=at,
        issued=number,
        incoming=issue_pair(ssl.id, number, at, ssl.authority, days),
        renewal_open=False,
    )
