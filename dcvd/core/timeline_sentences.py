"""A sentence for each entry of a timeline: what happened, and who caused it.

Each function takes the language of the reader. Values of domains are cut after they were put into words, so an entry
stays short whatever is seen in a zone.
"""

from collections.abc import Sequence
from typing import Any, Final

from dcvd.core.jobs import JobState
from dcvd.core.sentences.rendering import Language, render
from dcvd.core.sentences.sentence import Param, Sentence, say
from dcvd.core.text import make_printable, shorten
from dcvd.core.timeline import CLOUDFLARE_ACTOR, DAEMON_ACTOR, OPERATOR_ACTOR, SYNC_ACTOR, FieldChange

_ACTORS: Final = {SYNC_ACTOR: "dcvd", DAEMON_ACTOR: "dcvd", CLOUDFLARE_ACTOR: "Cloudflare"}
_ACTORS_IN_WORDS: Final = {
    OPERATOR_ACTOR: "timeline_actor_operator",
    "token": "timeline_actor_token",
    "link": "timeline_actor_link",
    "member": "timeline_actor_member",
    "job": "timeline_actor_job",
}
_REQUESTS: Final = {
    "added": "timeline_added",
    "imported": "timeline_imported",
    "removed": "timeline_removed",
    "moved": "timeline_moved",
    "sync": "timeline_sync",
    "diagnosis": "timeline_diagnosis",
    "dns_write": "timeline_dns_write",
    "dns_undo": "timeline_dns_undo",
    "job_retried": "timeline_job_retried",
    "hint": "timeline_hint",
}
_JOBS: Final = {
    "register": "timeline_job_register",
    "deregister": "timeline_job_deregister",
    "revalidate": "timeline_job_revalidate",
    "write_dns": "timeline_job_write_dns",
    "refresh_token": "timeline_job_refresh_token",
    "replay": "timeline_job_replay",
}
_JOB_STATES: Final = {
    JobState.PENDING: "timeline_job_pending",
    JobState.DONE: "timeline_job_done",
    JobState.DEAD: "timeline_job_dead",
}
_OBSERVED: Final = {
    "cfId": "timeline_hostname_id",
    "cfStatus": "timeline_hostname_status",
    "cfSslStatus": "timeline_certificate_status",
    "errors": "timeline_hostname_errors",
    "differences": "timeline_hostname_differences",
    "certificate": "timeline_certificate",
    "nextCertificate": "timeline_next_certificate",
    "certificateAuthority": "timeline_certificate_authority",
    "challengeTarget": "timeline_challenge_target",
    "challengeVerified": "timeline_challenge_verified",
    "waitsForTxt": "timeline_waits_for_txt",
    "dnsStatus": "timeline_dns_status",
    "findings": "timeline_findings",
}
_MAX_VALUE_CHARS: Final = 100
_MAX_ISSUER_CHARS: Final = 60
"""With so many the instant behind it is never cut off."""
_MAX_CHANGES: Final = 6


def describe_request(actor: str | None, what: str, detail: str | None, language: Language = "en") -> str:
    """Return the sentence for something that somebody asked for."""
    done = say(_REQUESTS.get(what, "timeline_other_request"), actor=_name_actor(actor), what=what)
    if not detail:
        return _put(language, "timeline_request", what=done)
    shown_detail = shorten(make_printable(detail), _MAX_VALUE_CHARS)
    return _put(language, "timeline_request_detailed", what=done, detail=shown_detail)


def describe_observation(changes: Sequence[FieldChange], merged: int, language: Language = "en") -> str:
    """Return the sentence for what a check found anew; merged: how many later changes are in the entry too."""
    parts = [_describe_observed(change, language) for change in changes[:_MAX_CHANGES]]
    if len(changes) > _MAX_CHANGES:
        parts.append(_put(language, "timeline_more_changes", count=len(changes) - _MAX_CHANGES))
    return f"{_put(language, 'timeline_found')} {'; '.join(parts)}.{_describe_merged(merged, language)}"


def describe_transition(changes: Sequence[FieldChange], merged: int, language: Language = "en") -> str:
    """Return the sentences for what became of a domain."""
    turns = (_describe_turn(change, language) for change in changes[:_MAX_CHANGES])
    return " ".join(turns) + _describe_merged(merged, language)


def describe_job(kind: str, state: JobState, language: Language = "en") -> str:
    """Return the sentences for a job, with what has become of it by now."""
    return render((say(_JOBS.get(kind, "timeline_job_other"), kind=kind), say(_JOB_STATES[state])), language)


def describe_event(event_type: str, language: Language = "en") -> str:
    """Return the sentence for an event."""
    return _put(language, "timeline_event", type=event_type)


def _put(language: Language, sentence_id: str, /, **params: Param) -> str:
    return render((say(sentence_id, **params),), language)


def _name_actor(actor: str | None) -> str | Sentence:
    kind = (actor or "").partition(":")[0]
    return _ACTORS.get(kind) or say(_ACTORS_IN_WORDS.get(kind, "timeline_actor_unknown"))


def _describe_observed(change: FieldChange, language: Language) -> str:
    sentence_id = _OBSERVED.get(change.field)
    return _put(
        language,
        "timeline_observed",
        what=change.field if sentence_id is None else say(sentence_id),
        before=_describe_value(change.before, language),
        after=_describe_value(change.after, language),
    )


def _describe_turn(change: FieldChange, language: Language) -> str:
    before, after = _describe_value(change.before, language), _describe_value(change.after, language)
    match change.field, change.after is None:
        case "error", True:
            sentence = say("timeline_error_over", error=before)
        case "error", False:
            sentence = say("timeline_stopped", error=after)
        case "proof", True:
            sentence = say("timeline_not_proved")
        case "proof", False:
            sentence = say("timeline_proved", proof=after)
        case "dormantSince", True:
            sentence = say("timeline_not_dormant")
        case "dormantSince", False:
            sentence = say("timeline_dormant", since=after)
        case "status", _:
            sentence = say("timeline_status_turned", before=before, after=after)
        case _:
            sentence = say("timeline_turned", field=change.field, before=before, after=after)
    return render((sentence,), language)


def _describe_merged(merged: int, language: Language) -> str:
    if not merged:
        return ""
    number = f"{merged:,}".replace(",", _put(language, "timeline_thousands"))
    return f" {_put(language, 'timeline_merged_one' if merged == 1 else 'timeline_merged', count=number)}"


def _describe_value(value: Any, language: Language) -> str:
    """Return a value of a domain in a few words."""
    match value:
        case None | [] | "":
            return _put(language, "timeline_none")
        case bool():
            return _put(language, "timeline_yes" if value else "timeline_no")
        case {"expiresAt": expires_at}:
            issuer = value.get("issuer")
            shown = say("timeline_unknown_issuer") if not issuer else shorten(str(issuer), _MAX_ISSUER_CHARS)
            text = _put(language, "timeline_certificate_of", issuer=shown, until=str(expires_at))
        case dict():
            text = str(value.get("code") or _put(language, "timeline_without_code"))
        case list():
            texts = map(str, value)
            names = (_put(language, "timeline_quoted", text=text) if " " in text else text for text in texts)
            text = _put(language, "verbatim", text=tuple(names))
        case _:
            text = str(value)
    return shorten(make_printable(text), _MAX_VALUE_CHARS) or _put(language, "timeline_none")
