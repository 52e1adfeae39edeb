"""The timeline of a domain: what was asked for, what was seen to have changed, and what followed from it.

Pure: two states of a domain go in, what differs comes out. Everything is cut to a bounded length, because the owner of
a zone chooses much of what is seen in it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any, Final

from msgspec import Struct

from dcvd.core.domains.dns_facts import DnsFacts, DnsObservation, ResolverAnswer, ServerAnswer
from dcvd.core.domains.domain import Certificate, Domain, DomainError
from dcvd.core.instants import to_rfc3339
from dcvd.core.lifecycle.transitions import Observation

SYNC: Final = "sync"
CLOUDFLARE: Final = "cloudflare"
DAEMON: Final = "daemon"
OPERATOR: Final = "operator"
"""Actors: who brought something about. See also `token_actor` and `job_actor`."""

_LONGEST_TEXT: Final = 300
_MOST_TEXTS: Final = 10
_MOST_VOICES: Final = 8
_LONGEST_VOICE: Final = 200


class EntryKind(IntEnum):
    """In the order in which entries of one instant follow each other: the cause before its effect."""

    REQUEST = 0
    OBSERVATION = 1
    TRANSITION = 2
    JOB = 3
    EVENT = 4


class Change(Struct, frozen=True):
    """A member of the domain, named as the API names it, and its value before and after, as JSON has them."""

    field: str
    before: Any
    after: Any


class Note(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an entry says beside who and when.

    what: of a request, such as `added`. detail: what more there is to say of it.
    servers: who in DNS said what, where they did not all say the same.
    merged: how many later changes were merged into this entry, because there were too many for one each; `until` is
        the instant of the last of them, in milliseconds.
    """

    what: str | None = None
    detail: str | None = None
    changes: tuple[Change, ...] = ()
    servers: tuple[str, ...] = ()
    merged: int = 0
    until: int | None = None


def token_actor(token_id: str) -> str:
    """Somebody with that API token."""
    return f"token:{token_id}"


def job_actor(job_id: str) -> str:
    """That background job."""
    return f"job:{job_id}"


def observed(before: Domain, after: Domain, observations: Iterable[Observation]) -> Note | None:
    """What a look saw to be different; None where it saw what was known."""
    old, new = _facts(before), _facts(after)
    changes = tuple(Change(name, old[name], value) for name, value in new.items() if old[name] != value)
    if not changes:
        return None
    servers = [voice for seen in observations if isinstance(seen, DnsObservation) for voice in disagreement(seen.facts)]
    return Note(changes=changes, servers=tuple(servers))


def transition(before: Domain, after: Domain) -> Note | None:
    """How the status changed, or why the domain is in error; None where neither did."""
    changes = []
    if before.status is not after.status:
        changes.append(Change("status", before.status.value, after.status.value))
    if _code(before.error) != _code(after.error):
        changes.append(Change("error", _error(before.error), _error(after.error)))
    return Note(changes=tuple(changes)) if changes else None


def merged(older: Note, newer: Note, now: int) -> Note:
    """One entry that says what both say: from the state before the first to the state after the last."""
    changes = {change.field: change for change in older.changes}
    for change in newer.changes:
        first = changes.get(change.field, change)
        changes[change.field] = Change(change.field, first.before, change.after)
    return Note(changes=tuple(changes.values()), servers=newer.servers, merged=older.merged + 1, until=now)


def disagreement(facts: DnsFacts) -> tuple[str, ...]:
    """What each server and resolver said, those in the minority first; empty where all said the same."""
    said = [(f"{server.name} ({server.address})", _said(server)) for server in facts.servers]
    said += [(f"resolver {resolver.address}", _said(resolver)) for resolver in facts.resolvers]
    votes = Counter(answer for _, answer in said)
    if len(votes) < 2:
        return ()
    ordered = sorted(said, key=lambda pair: votes[pair[1]])
    return tuple(_cut(f"{who}: {answer}", _LONGEST_VOICE) for who, answer in ordered[:_MOST_VOICES])


def _said(answer: ServerAnswer | ResolverAnswer) -> str:
    if answer.outcome != "answered":
        return answer.outcome
    if not answer.exists:
        return "NXDOMAIN"
    return "no CNAME" if answer.cname is None else f"CNAME {answer.cname}"


def _facts(domain: Domain) -> dict[str, Any]:
    return {
        "cfId": domain.cf_id,
        "cfStatus": _text(domain.cf_status),
        "cfSslStatus": _text(domain.cf_ssl_status),
        "errors": _texts((*domain.cf_errors, *domain.cf_ssl_errors)),
        "certificate": _certificate(domain.certificate),
        "nextCertificate": _certificate(domain.next_certificate),
        "certificateAuthority": _text(domain.certificate_authority),
        "challengeTarget": _text(domain.challenge_target),
        "challengeVerified": domain.challenge_verified,
        "waitsForTxt": domain.wants_txt,
        "dnsState": domain.dns_state.value,
        "findings": _texts([finding.code for finding in domain.findings]),
    }


def _certificate(certificate: Certificate | None) -> dict[str, Any] | None:
    if certificate is None:
        return None
    issued_at = certificate.issued_at
    return {
        "serial": _text(certificate.serial),
        "issuer": _text(certificate.issuer),
        "issuedAt": None if issued_at is None else to_rfc3339(issued_at),
        "expiresAt": to_rfc3339(certificate.expires_at),
    }


def _error(error: DomainError | None) -> dict[str, Any] | None:
    return None if error is None else {"code": _text(error.code), "message": _text(error.message)}


def _code(error: DomainError | None) -> str | None:
    return None if error is None else error.code


def _texts(texts: Sequence[str]) -> list[str]:
    """In an order of their own: the same in another order is no change."""
    return [_cut(text, _LONGEST_TEXT) for text in sorted(set(texts))[:_MOST_TEXTS]]


def _text(text: str | None) -> str | None:
    return None if text is None else _cut(text, _LONGEST_TEXT)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
