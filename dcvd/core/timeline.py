"""The timeline of a domain: what was requested, which changes were observed, and what followed from them.

These functions compare two states of a domain and return what differs. Every text is cut to a bounded length, because
the owner of a zone chooses much of what is seen in it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any, Final

from msgspec import Struct

from dcvd.core.dns.facts import DnsFacts, DnsObservation, describe_answer
from dcvd.core.domains.domain import Certificate, Domain, DomainError
from dcvd.core.ids import IdPrefix, is_id
from dcvd.core.instants import format_instant, to_rfc3339
from dcvd.core.lifecycle.transitions import Observation
from dcvd.core.text import shorten

SYNC_ACTOR: Final = "sync"
CLOUDFLARE_ACTOR: Final = "cloudflare"
DAEMON_ACTOR: Final = "daemon"
OPERATOR_ACTOR: Final = "operator"
"""Actors, which say who caused a change. See also `token_actor` and `job_actor`."""

_MAX_TEXT_CHARS: Final = 300
_MAX_TEXTS: Final = 10
_MAX_ANSWERS: Final = 8
_MAX_ANSWER_CHARS: Final = 200


class TimelineEntryKind(IntEnum):
    """The kind of a timeline entry. Entries of one instant stand in this order: a cause before its effect."""

    REQUEST = 0
    OBSERVATION = 1
    TRANSITION = 2
    JOB = 3
    EVENT = 4


class FieldChange(Struct, frozen=True):
    """A changed field of a domain, under its name in the API, with its JSON values before and after."""

    field: str
    before: Any
    after: Any


class TimelineNote(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The content of a timeline entry, beside its actor and instant.

    what: the name of a request, such as `added`. detail: more about that request.
    servers: what each DNS server answered, where their answers differed.
    merged: how many later changes were merged into this entry, because there were too many for one each; `until` is
        the instant of the last of them, in milliseconds.
    """

    what: str | None = None
    detail: str | None = None
    changes: tuple[FieldChange, ...] = ()
    servers: tuple[str, ...] = ()
    merged: int = 0
    until: int | None = None


def token_actor(token_id: str) -> str:
    """Return the actor for a request that was made with an API token."""
    return f"token:{token_id}"


def bearer_actor(bearer_id: str) -> str:
    """Return the actor for a request that was made with an API token or by a link."""
    return f"link:{bearer_id}" if is_id(IdPrefix.LINK, bearer_id) else token_actor(bearer_id)


def member_actor(member_id: str) -> str:
    """Return the actor for a request that a member made in a session of their own."""
    return f"member:{member_id}"


def job_actor(job_id: str) -> str:
    """Return the actor for a background job."""
    return f"job:{job_id}"


def note_observation(before: Domain, after: Domain, observations: Iterable[Observation]) -> TimelineNote | None:
    """Return the changes that a check observed, or None where it observed none."""
    old, new = _observed_fields(before), _observed_fields(after)
    changes = tuple(FieldChange(name, old[name], value) for name, value in new.items() if old[name] != value)
    if not changes:
        return None
    servers = [
        line
        for observation in observations
        if isinstance(observation, DnsObservation)
        for line in describe_disagreement(observation.facts)
    ]
    return TimelineNote(changes=changes, servers=tuple(servers))


def note_transition(before: Domain, after: Domain) -> TimelineNote | None:
    """Return the change of a domain's status, error, proof and dormancy, or None where all stayed the same."""
    changes = []
    if before.status is not after.status:
        changes.append(FieldChange("status", before.status.value, after.status.value))
    if (before.error and before.error.code) != (after.error and after.error.code):
        changes.append(FieldChange("error", _error_fields(before.error), _error_fields(after.error)))
    if before.proof is not after.proof:
        changes.append(FieldChange("proof", before.proof, after.proof))
    if before.dormant_since != after.dormant_since:
        instants = format_instant(before.dormant_since), format_instant(after.dormant_since)
        changes.append(FieldChange("dormantSince", *instants))
    return TimelineNote(changes=tuple(changes)) if changes else None


def merge_notes(older: TimelineNote, newer: TimelineNote, now: int) -> TimelineNote:
    """Merge two entries into one: from the state before the older to the state after the newer."""
    changes = {change.field: change for change in older.changes}
    for change in newer.changes:
        first = changes.get(change.field, change)
        changes[change.field] = FieldChange(change.field, first.before, change.after)
    return TimelineNote(changes=tuple(changes.values()), servers=newer.servers, merged=older.merged + 1, until=now)


def describe_disagreement(facts: DnsFacts) -> tuple[str, ...]:
    """List what each server and resolver answered, rare answers first; empty where all answers are the same."""
    answers = [(f"{server.name} ({server.address})", describe_answer(server)) for server in facts.servers]
    answers += [(f"resolver {resolver.address}", describe_answer(resolver)) for resolver in facts.resolvers]
    counts = Counter(answer for _, answer in answers)
    if len(counts) < 2:
        return ()
    ordered = sorted(answers, key=lambda pair: counts[pair[1]])
    return tuple(shorten(f"{source}: {answer}", _MAX_ANSWER_CHARS) for source, answer in ordered[:_MAX_ANSWERS])


def _observed_fields(domain: Domain) -> dict[str, Any]:
    return {
        # Which claim on a name has the hostname nobody learns who has not proved theirs.
        "cfId": None if domain.proof is None else domain.cf_id,
        "cfStatus": _shorten_optional(domain.cf_status),
        "cfSslStatus": _shorten_optional(domain.cf_ssl_status),
        "errors": _shorten_all((*domain.cf_errors, *domain.cf_ssl_errors)),
        "differences": _shorten_all(domain.cf_differences),
        "readOnly": domain.read_only,
        "certificate": _certificate_fields(domain.certificate),
        "nextCertificate": _certificate_fields(domain.next_certificate),
        "certificateAuthority": _shorten_optional(domain.certificate_authority),
        "challengeTarget": _shorten_optional(domain.challenge_target),
        "challengeVerified": domain.challenge_verified,
        "waitsForTxt": domain.waits_for_txt,
        "dnsStatus": domain.dns_state.value,
        "findings": _shorten_all([finding.code for finding in domain.findings]),
    }


def _certificate_fields(certificate: Certificate | None) -> dict[str, Any] | None:
    if certificate is None:
        return None
    return {
        "serial": _shorten_optional(certificate.serial),
        "issuer": _shorten_optional(certificate.issuer),
        "issuedAt": format_instant(certificate.issued_at),
        "expiresAt": to_rfc3339(certificate.expires_at),
    }


def _error_fields(error: DomainError | None) -> dict[str, Any] | None:
    return (
        None if error is None else {"code": _shorten_optional(error.code), "message": _shorten_optional(error.message)}
    )


def _shorten_all(texts: Sequence[str]) -> list[str]:
    """Sort and shorten texts; sorting keeps a new order of the same texts from being a change."""
    return [shorten(text, _MAX_TEXT_CHARS) for text in sorted(set(texts))[:_MAX_TEXTS]]


def _shorten_optional(text: str | None) -> str | None:
    return None if text is None else shorten(text, _MAX_TEXT_CHARS)
