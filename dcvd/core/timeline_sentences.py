"""A sentence for each entry of a timeline: what happened, and who caused it."""

from collections.abc import Sequence
from typing import Any, Final

from dcvd.core.jobs import JobState
from dcvd.core.numbers import count
from dcvd.core.text import join_names, make_printable, shorten
from dcvd.core.timeline import CLOUDFLARE_ACTOR, DAEMON_ACTOR, OPERATOR_ACTOR, SYNC_ACTOR, FieldChange

_ACTORS: Final = {
    SYNC_ACTOR: "dcvd", DAEMON_ACTOR: "dcvd", OPERATOR_ACTOR: "The operator", CLOUDFLARE_ACTOR: "Cloudflare",
}  # fmt: skip
_ACTORS_WITH_ID: Final = {
    "token": "An API token",
    "link": "The holder of a link",
    "member": "A member of the organization",
    "job": "A job of dcvd",
}
_REQUESTS: Final = {
    "added": "added the domain",
    "imported": "imported the domain",
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
_OBSERVED: Final = {
    "cfId": "the hostname's id at Cloudflare",
    "cfStatus": "Cloudflare's status of the hostname",
    "cfSslStatus": "Cloudflare's status of the certificate",
    "errors": "Cloudflare's error texts",
    "differences": "what differs at Cloudflare from the order",
    "certificate": "the certificate that serves",
    "nextCertificate": "the certificate that follows",
    "certificateAuthority": "the certificate authority",
    "challengeTarget": "the target of _acme-challenge",
    "challengeVerified": "_acme-challenge is right",
    "waitsForTxt": "Cloudflare waits for TXT records",
    "dnsStatus": "the DNS record",
    "findings": "the findings",
}
_MAX_VALUE_CHARS: Final = 100
_MAX_CHANGES: Final = 6


def describe_request(actor: str | None, what: str, detail: str | None) -> str:
    """Return the sentence for something that somebody asked for."""
    done = _REQUESTS.get(what, f"asked for {make_printable(what)}")
    more = "" if not detail else f" ({shorten(make_printable(detail), _MAX_VALUE_CHARS)})"
    return f"{_describe_actor(actor)} {done}{more}."


def describe_observation(changes: Sequence[FieldChange], merged: int) -> str:
    """Return the sentence for what a check found anew; merged: how many later changes are in the entry too."""
    parts = [_describe_observed(change) for change in changes[:_MAX_CHANGES]]
    if len(changes) > _MAX_CHANGES:
        parts.append(f"{len(changes) - _MAX_CHANGES} more")
    return f"A check found something new: {'; '.join(parts)}.{_describe_merged(merged)}"


def describe_transition(changes: Sequence[FieldChange], merged: int) -> str:
    """Return the sentences for what became of a domain."""
    return " ".join(map(_describe_turn, changes[:_MAX_CHANGES])) + _describe_merged(merged)


def describe_job(kind: str, state: JobState) -> str:
    """Return the sentence for a job, with what has become of it by now."""
    return f"A job {_JOBS.get(kind, f'does {make_printable(kind)}')}. {_JOB_STATES[state]}"


def describe_event(event_type: str) -> str:
    """Return the sentence for an event."""
    return f"The event {event_type} was written for the webhooks that want it."


def _describe_actor(actor: str | None) -> str:
    if actor is None:
        return "Somebody"
    return _ACTORS.get(actor) or _ACTORS_WITH_ID.get(actor.partition(":")[0], "Somebody")


def _describe_observed(change: FieldChange) -> str:
    name = _OBSERVED.get(change.field, change.field)
    return f"{name}: {_describe_value(change.after)} (before: {_describe_value(change.before)})"


def _describe_turn(change: FieldChange) -> str:
    after = _describe_value(change.after)
    is_over = change.after is None
    match change.field:
        case "error":
            before = _describe_value(change.before)
            return f"The error {before} is over." if is_over else f"It stopped with the error {after}."
        case "proof":
            return "It is no longer proved." if is_over else f"It is proved: {after}."
        case "dormantSince":
            return "It is no longer dormant." if is_over else f"It fell dormant at {after}."
        case field:
            return f"Its {field} turned from {_describe_value(change.before)} to {after}."


def _describe_merged(merged: int) -> str:
    if not merged:
        return ""
    return f" {count(merged, 'later change is', 'later changes are')} in this entry too."


def _describe_value(value: Any) -> str:
    """Return a value of a domain in a few words."""
    match value:
        case None | [] | "":
            return "none"
        case bool():
            return "yes" if value else "no"
        case {"expiresAt": expires_at}:
            text = f"one of {value.get('issuer') or 'an unknown issuer'} until {expires_at}"
        case dict():
            text = str(value.get("code") or "one without a code")
        case list():
            text = join_names([f"“{each}”" if " " in str(each) else str(each) for each in value])
        case _:
            text = str(value)
    return shorten(make_printable(text), _MAX_VALUE_CHARS) or "none"
