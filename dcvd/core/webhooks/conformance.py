"""The conformance test of a receiver: four probes show whether it verifies what it receives."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, Literal, assert_never

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.events import Event
from dcvd.core.ids import RandomBytes
from dcvd.core.instants import HOUR, SECOND
from dcvd.core.secret import Secret
from dcvd.core.sentences.sentence import Param, Sentence, say
from dcvd.core.webhooks.answers.status_codes import meaning_of
from dcvd.core.webhooks.answers.urls import name_host
from dcvd.core.webhooks.body_changes import BodyChange, BodyChangeKind
from dcvd.core.webhooks.deliveries import Attempt, AttemptOutcome, is_receiver_at_fault
from dcvd.core.webhooks.failures import describe_failure
from dcvd.core.webhooks.signing import build_headers, new_secret
from dcvd.core.webhooks.statements import Statement

_STALE_AGE_MS: Final = HOUR


_Verdict = tuple[bool | None, tuple[Statement, ...]]
_Attack = Literal["forgery", "replay"]


class ProbeKind(StrEnum):
    """The kinds of probes, in the order in which they are sent."""

    GOOD = "good"
    DUPLICATE = "duplicate"
    FORGED = "forged"
    STALE = "stale"


class ConformanceProbe(Struct, frozen=True, kw_only=True):
    """A test request; `headers` are those that depend on its content."""

    kind: ProbeKind
    headers: Mapping[str, str]
    body: bytes


class ProbeResult(Struct, frozen=True, kw_only=True):
    """The result of one probe; `passed` is None where the answer proves nothing."""

    kind: ProbeKind
    expected: Sentence
    status_code: int | None
    error: str | None
    passed: bool | None
    verdict: tuple[Statement, ...]


class ConformanceReport(Struct, frozen=True, kw_only=True):
    """The report on a receiver, which conforms when it passed every probe.

    `probes` are in the order in which they were sent. body_change: what the receiver does to bodies before it verifies
    them, where that is why it refused a good one.
    """

    conforms: bool
    summary: tuple[Sentence, ...]
    probes: list[ProbeResult]
    body_change: BodyChangeKind | None = None


def build_probes(
    secrets: Sequence[Secret],
    good_event: Event,
    forged_event: Event,
    stale_event: Event,
    *,
    now: int,
    random: RandomBytes,
) -> list[ConformanceProbe]:
    """Build the probes, in order, from three events of one type; `now` is in milliseconds.

    `secrets` as for `signing.build_headers`. They have to be sent within about a minute, because all but the stale one
    need a fresh timestamp.
    """

    def build_probe(kind: ProbeKind, event: Event, keys: Sequence[Secret], signed_at: int) -> ConformanceProbe:
        seconds = signed_at // SECOND
        headers = build_headers(keys, message_id=event.id, event_type=event.type, timestamp_s=seconds, body=event.body)
        return ConformanceProbe(kind=kind, headers=headers, body=event.body)

    return [
        build_probe(ProbeKind.GOOD, good_event, secrets, now),
        build_probe(ProbeKind.DUPLICATE, good_event, secrets, now),
        build_probe(ProbeKind.FORGED, forged_event, [new_secret(random)], now),
        build_probe(ProbeKind.STALE, stale_event, secrets, now - _STALE_AGE_MS),
    ]


def evaluate_receiver(
    attempts: Mapping[ProbeKind, Attempt], url: str, body_change: BodyChange | None = None
) -> ConformanceReport:
    """Report what the receiver at a URL does right and wrong; `attempts` holds the attempt of each probe.

    body_change: what was found out about a receiver that refused the good one.
    """
    good_accepted, host = _is_accepted(attempts[ProbeKind.GOOD]), name_host(url)
    results = [_evaluate_probe(kind, attempts[kind], host, accepts_good=good_accepted) for kind in ProbeKind]
    faults = {kind: say(f"conformance_fault_{kind.value}") for kind in ProbeKind}
    if body_change is not None:
        results[0] = replace(results[0], verdict=(Statement(body_change.verdict),))
        faults[ProbeKind.GOOD] = body_change.fault
    return ConformanceReport(
        conforms=all(result.passed is True for result in results),
        summary=_summarize(results, faults),
        probes=results,
        body_change=None if body_change is None else body_change.kind,
    )


def _evaluate_probe(kind: ProbeKind, attempt: Attempt, host: Param, *, accepts_good: bool) -> ProbeResult:
    match kind:
        case ProbeKind.GOOD:
            passed, verdict = _evaluate_good(attempt, host)
        case ProbeKind.DUPLICATE:
            passed, verdict = _evaluate_duplicate(attempt, host, accepts_good=accepts_good)
        case ProbeKind.FORGED:
            passed, verdict = _evaluate_refusal(attempt, host, "forgery", accepts_good=accepts_good)
        case ProbeKind.STALE:
            passed, verdict = _evaluate_refusal(attempt, host, "replay", accepts_good=accepts_good)
        case _:
            assert_never(kind)
    return ProbeResult(
        kind=kind,
        expected=say(f"conformance_expected_{kind.value}"),
        status_code=attempt.status_code,
        error=attempt.error,
        passed=passed,
        verdict=verdict,
    )


def _evaluate_good(attempt: Attempt, host: Param) -> _Verdict:
    status = attempt.status_code
    if _is_accepted(attempt):
        return _judge(True, "conformance_good_accepted")
    if status is None:
        return _evaluate_silence(attempt, host)
    is_doubted = meaning_of(status).may_refuse_signature
    return _judge(False, "conformance_good_doubted" if is_doubted else "conformance_good_refused", status)


def _evaluate_duplicate(attempt: Attempt, host: Param, *, accepts_good: bool) -> _Verdict:
    status = attempt.status_code
    if _is_accepted(attempt):
        return _judge(True, "conformance_duplicate_accepted")
    if status is None:
        return _evaluate_silence(attempt, host)
    if not accepts_good:
        return _judge(None, "conformance_no_repeat")
    if meaning_of(status).pauses_endpoint:
        return _judge(None, "conformance_busy", status)
    return _judge(False, "conformance_duplicate_refused", status)


def _evaluate_refusal(attempt: Attempt, host: Param, what: _Attack, *, accepts_good: bool) -> _Verdict:
    """Evaluate a probe that the receiver had to refuse."""
    status = attempt.status_code
    if _is_accepted(attempt):
        return _judge(False, f"conformance_{what}_accepted")
    if status is None:
        return None, (Statement(say(f"conformance_{what}_unknown")), describe_failure(attempt, host))
    if not accepts_good:
        return _judge(None, f"conformance_{what}_unproved")
    if meaning_of(status).pauses_endpoint:
        return _judge(None, "conformance_busy", status)
    if meaning_of(status).refuses_request:
        return _judge(True, f"conformance_{what}_refused", status)
    return _judge(True, f"conformance_{what}_refused_oddly", status)


def _evaluate_silence(attempt: Attempt, host: Param) -> _Verdict:
    """Evaluate a probe that the receiver had to accept, and that got no answer."""
    is_guilty = is_receiver_at_fault(attempt)
    silence = say("conformance_silent" if is_guilty else "conformance_silent_by_our_fault")
    return False if is_guilty else None, (Statement(silence), describe_failure(attempt, host))


def _judge(passed: bool | None, sentence_id: str, status: int = 0) -> _Verdict:
    return passed, (Statement(say(sentence_id, status=status)),)


def _is_accepted(attempt: Attempt) -> bool:
    return attempt.outcome is AttemptOutcome.DELIVERED


def _summarize(results: Sequence[ProbeResult], faults_by_kind: Mapping[ProbeKind, Sentence]) -> tuple[Sentence, ...]:
    faults = [faults_by_kind[result.kind] for result in results if result.passed is False]
    kinds = [say(f"conformance_kind_{result.kind.value}") for result in results if result.passed is None]
    sentences = []
    if faults:
        sentences.append(say("conformance_fails", faults=_enumerate(faults)))
    if kinds:
        sentences.append(say("conformance_inconclusive", kinds=_enumerate(kinds)))
    return tuple(sentences) or (say("conformance_conforms"),)


def _enumerate(parts: Sequence[Sentence]) -> Sentence:
    first, *rest = parts
    return say("conformance_listed", first=first, rest=_enumerate(rest)) if rest else first
