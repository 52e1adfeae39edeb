"""A sentence for each entry of a timeline: what happened, and who caused it."""

from collections.abc import Sequence
from typing import Any, Final

from dcvd.core.jobs import JobState
from dcvd.core.text import join_names, make_printable, shorten
from dcvd.core.timeline import CLOUDFLARE_ACTOR, DAEMON_ACTOR, OPERATOR_ACTOR, SYNC_ACTOR, FieldChange

_ACTORS: Final = {
    SYNC_ACTOR: "dcvd", DAEMON_ACTOR: "dcvd", OPERATOR_ACTOR: "The operator", CLOUDFLARE_ACTOR: "Cloudflare",
}  # fmt: skip
_ACTORS_WITH_ID: Final = {"token": "An API token", "link": "The holder of a link", "job": "A job of dcvd"}
_REQUESTS: Final = {
    "added": "added the domain",
    "removed": "removed the domain",
    "moved": "moved the domain to another organization",
    "sync": "asked for a check",
    "diagnosis": "asked for a diagnosis",
    "dns_write": "had the records written",
    "dns_undo": "had the written records undone",
    "job_retried": "had a job retried",
    "hint": "sent a notification, so the domain is checked",
}
_JOBS: Final = {
    "register": "registers the hostname at Cloudflare",
    "deregister": "removes the hostname at Cloudflare",
    "revalidate": "has Cloudflare validate the hostname again",
    "write_dns": "writes the records",
    "refresh_token": "renews the access token of the connection",
    "replay": "sends events again",
}
_JOB_STATES: Final = {
    JobState.PENDING: "It is not done yet.",
    JobState.DONE: "It is done.",
    JobState.DEAD: "It was given up.",
}
_FIELDS: Final = {
    "status": "the status",
    "error": "the error",
    "proof": "the proof of the claim",
    "dormantSince": "the time since which the domain is dormant",
    "cfId": "the hostname's id at Cloudflare",
    "cfStatus": "Cloudflare's status of the hostname",
    "cfSslStatus": "Cloudflare's status of the certificate",
    "errors": "Cloudflare's error texts",
    "differences": "what differs at Cloudflare from what was ordered",
    "certificate": "the certificate that serves",
    "nextCertificate": "the certificate that follows",
    "certificateAuthority": "the certificate authority",
    "challengeTarget": "the target of _acme-challenge",
    "challengeVerified": "whether _acme-challenge is right",
    "waitsForTxt": "whether Cloudflare waits for TXT records",
    "dnsStatus": "the status of the DNS record",
    "findings": "the findings",
}
_MAX_VALUE_CHARS: Final = 100
_MAX_CHANGES: Final = 6


def describe_request(actor: str | None, what: str, detail: str | None) -> str:
    """Return the sentence for something that somebody asked for."""
    done = _REQUESTS.get(what, f"asked for {make_printable(what)}")
    more = "" if not detail else f" ({shorten(make_printable(detail), _MAX_VALUE_CHARS)})"
    return f"{_describe_actor(actor)} {done}{more}."


def describe_changes(changes: Sequence[FieldChange], *, is_observed: bool, merged: int) -> str:
    """Return the sentence for changes of a domain; is_observed: those that a check found, others follow from it."""
    parts = [_describe_change(change) for change in changes[:_MAX_CHANGES]]
    if len(changes) > _MAX_CHANGES:
        parts.append(f"and {len(changes) - _MAX_CHANGES} more")
    listed = "; ".join(parts)
    repeated = f" {merged} later changes are in this entry too." if merged else ""
    if is_observed:
        return f"A check found a change: {listed}.{repeated}"
    return f"{listed[:1].upper()}{listed[1:]}.{repeated}"


def describe_job(kind: str, state: JobState) -> str:
    """Return the sentence for a job, with what has become of it by now."""
    return f"A job {_JOBS.get(kind, f'does {make_printable(kind)}')}. {_JOB_STATES[state]}"


def describe_event(event_type: str) -> str:
    """Return the sentence for an event."""
    return f"Webhooks reported {event_type}."


def _describe_actor(actor: str | None) -> str:
    if actor is None:
        return "Somebody"
    return _ACTORS.get(actor) or _ACTORS_WITH_ID.get(actor.partition(":")[0], "Somebody")


def _describe_change(change: FieldChange) -> str:
    name = _FIELDS.get(change.field, change.field)
    before, after = _describe_value(change.before), _describe_value(change.after)
    if not before:
        return f"{name} is now {after or 'none'}"
    return f"{name} changed from {before} to {after or 'none'}"


def _describe_value(value: Any) -> str:
    """Return a value of a domain in a few words; empty for none."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case dict():
            expires_at = value.get("expiresAt")
            text = f"one until {expires_at}" if expires_at is not None else str(value.get("code") or "")
        case list():
            text = join_names([str(each) for each in value])
        case _:
            text = str(value)
    return shorten(make_printable(text), _MAX_VALUE_CHARS)
