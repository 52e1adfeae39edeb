"""What a receiver's answers to four probes say of it."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from dcvd.api.webhooks.conformance_view import ConformanceAnswer, ProbeView, conformance_view
from dcvd.core.events import Event, EventDraft, EventType, build_body
from dcvd.core.http.exchanges import FailureReason
from dcvd.core.instants import SECOND
from dcvd.core.secret import Secret
from dcvd.core.webhooks.conformance import (
    ConformanceProbe,
    ProbeKind,
    build_probes,
    evaluate_receiver,
)
from dcvd.core.webhooks.deliveries import Attempt, AttemptOutcome
from dcvd.core.webhooks.signing import dcvaas_signature, new_secret, to_standard_secret
from tests.core.builders import NOW, counting_bytes
from tests.core.webhooks.attempts import URL, answered, unanswered

SECRET = new_secret(counting_bytes(1))
OLD = new_secret(counting_bytes(77))
TIMEOUT = unanswered(AttemptOutcome.TIMEOUT, error="It did not answer within 5 s.")
RIGHT = {ProbeKind.GOOD: 200, ProbeKind.DUPLICATE: 200, ProbeKind.FORGED: 401, ProbeKind.STALE: 400}


def event(number: int) -> Event:
    draft = EventDraft(EventType.WEBHOOK_TEST, {"endpoint_id": "wh_1"})
    body = build_body(draft, event_id=f"evt_{number}", sequence=number, now=NOW)
    return Event(
        id=f"evt_{number}", org_id="org_1", sequence=number, type=draft.type, domain_id=None, body=body, created_at=NOW
    )


def made(*secrets: Secret, now: int | None = None) -> dict[ProbeKind, ConformanceProbe]:
    moment = int(time.time() * 1000) if now is None else now
    sent = build_probes(secrets or (SECRET,), event(1), event(2), event(3), now=moment, random=counting_bytes(200))
    assert [probe.kind for probe in sent] == list(ProbeKind)
    return {probe.kind: probe for probe in sent}


def report(**statuses: int | Attempt) -> ConformanceAnswer:
    """Of a receiver that does everything right but what is given."""
    results: dict[ProbeKind, Attempt] = {}
    for kind in ProbeKind:
        told = statuses.get(kind.value, RIGHT[kind])
        results[kind] = answered(told) if isinstance(told, int) else told
    return conformance_view(evaluate_receiver(results, URL))


def verdict(kind: ProbeKind, **statuses: int | Attempt) -> ProbeView:
    (found,) = [probe for probe in report(**statuses).probes if probe.kind is kind]
    return found


# The probes


def test_the_good_and_the_duplicate_are_one_delivery_that_the_official_verifier_accepts() -> None:
    sent = made()
    good, duplicate = sent[ProbeKind.GOOD], sent[ProbeKind.DUPLICATE]
    assert (good.body, good.headers["webhook-id"]) == (duplicate.body, duplicate.headers["webhook-id"])
    for probe in (good, duplicate):
        assert Webhook(to_standard_secret(SECRET).reveal()).verify(probe.body, dict(probe.headers))["id"] == "evt_1"


def test_the_forged_one_is_signed_with_a_secret_that_nobody_has() -> None:
    for secrets in ((SECRET,), (SECRET, OLD)):
        forged = made(*secrets)[ProbeKind.FORGED]
        for secret in secrets:
            with pytest.raises(WebhookVerificationError, match="No matching signature"):
                Webhook(to_standard_secret(secret).reveal()).verify(forged.body, dict(forged.headers))
            assert dcvaas_signature(secret, forged.body) not in forged.headers.values()


def test_the_stale_one_is_rightly_signed_an_hour_ago() -> None:
    now = int(time.time() * 1000)
    stale = made(now=now)[ProbeKind.STALE]
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(to_standard_secret(SECRET).reveal()).verify(stale.body, dict(stale.headers))
    assert stale.headers["webhook-timestamp"] == str(now // SECOND - 3600)
    assert stale.headers["X-DCVaaS-Signature"] == dcvaas_signature(SECRET, stale.body)
    then = datetime.fromtimestamp(now // SECOND - 3600, UTC)
    official = Webhook(to_standard_secret(SECRET).reveal()).sign("evt_3", then, stale.body.decode())
    assert stale.headers["webhook-signature"] == official


def test_the_probes_are_three_deliveries() -> None:
    ids = {kind: probe.headers["webhook-id"] for kind, probe in made().items()}
    assert ids == {
        ProbeKind.GOOD: "evt_1",
        ProbeKind.DUPLICATE: "evt_1",
        ProbeKind.FORGED: "evt_2",
        ProbeKind.STALE: "evt_3",
    }


def test_during_a_rotation_the_good_one_carries_both_secrets() -> None:
    good = made(SECRET, OLD)[ProbeKind.GOOD]
    for secret in (SECRET, OLD):
        assert Webhook(to_standard_secret(secret).reveal()).verify(good.body, dict(good.headers))


# The verdicts


def test_a_receiver_that_checks_everything_conforms() -> None:
    found = report()
    assert found.conforms
    assert found.summary.startswith("The receiver conforms")
    assert [probe.passed for probe in found.probes] == [True] * 4
    assert [probe.kind for probe in found.probes] == list(ProbeKind)


def test_a_receiver_that_accepts_everything_is_told_both_faults() -> None:
    found = report(forged=200, stale=202)
    assert not found.conforms
    assert found.summary == "The receiver does not conform: it accepts a forged signature, accepts an old timestamp."
    assert [probe.passed for probe in found.probes] == [True, True, False, False]
    forged, stale = found.probes[2:]
    assert forged.verdict.startswith("It accepted a forged signature: whoever knows the URL can send it events.")
    assert stale.verdict.startswith("It accepted a delivery whose timestamp was an hour old: ")
    assert (forged.status_code, stale.status_code) == (200, 202)


def test_a_receiver_that_refuses_repeats_is_told_to_accept_them() -> None:
    found = verdict(ProbeKind.DUPLICATE, duplicate=409)
    assert found.passed is False
    assert found.verdict.startswith(
        "It refused a delivery that it had received before, with 409: answer 2xx to repeats"
    )


@pytest.mark.parametrize("status", [301, 401, 404, 500, 503])
def test_refusals_prove_nothing_when_the_good_one_is_refused_too(status: int) -> None:
    found = report(good=status, duplicate=status, forged=status, stale=status)
    assert not found.conforms
    assert [probe.passed for probe in found.probes] == [False, None, None, None]
    assert all(probe.verdict.startswith("Inconclusive: ") for probe in found.probes[1:])
    assert found.summary == (
        "The receiver does not conform: it does not accept what is rightly signed. "
        "Inconclusive: duplicate, forged, stale."
    )


def test_only_a_good_one_that_was_doubted_is_advised_on_signatures() -> None:
    assert "raw bytes" in verdict(ProbeKind.GOOD, good=401).verdict
    assert "raw bytes" not in verdict(ProbeKind.GOOD, good=500).verdict


def test_to_accept_a_forged_one_is_wrong_whatever_became_of_the_good_one() -> None:
    assert verdict(ProbeKind.FORGED, good=TIMEOUT, forged=200).passed is False


def test_without_any_answer_the_good_ones_have_failed_and_the_others_prove_nothing() -> None:
    found = report(good=TIMEOUT, duplicate=TIMEOUT, forged=TIMEOUT, stale=TIMEOUT)
    assert [probe.passed for probe in found.probes] == [False, False, None, None]
    assert all("It did not answer within 5 s." in probe.verdict for probe in found.probes)
    assert {probe.error for probe in found.probes} == {"It did not answer within 5 s."}


@pytest.mark.parametrize("kind", [ProbeKind.FORGED, ProbeKind.STALE])
def test_a_probe_that_alone_had_no_answer_is_inconclusive(kind: ProbeKind) -> None:
    found = report(**{kind.value: TIMEOUT})
    assert not found.conforms
    assert found.summary == f"Inconclusive: {kind.value}."


def test_what_may_be_dcvds_own_fault_is_not_held_against_the_receiver() -> None:
    ours = unanswered(AttemptOutcome.DNS, FailureReason.NAME_SERVER_FAILED)
    assert [probe.passed for probe in report(good=ours, duplicate=ours, forged=ours, stale=ours).probes] == [None] * 4


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_receiver_proves_nothing(status: int) -> None:
    found = report(duplicate=status, forged=status, stale=status)
    assert [probe.passed for probe in found.probes] == [True, None, None, None]


@pytest.mark.parametrize("status", [302, 500])
def test_a_crash_over_a_forged_one_is_a_refusal_with_a_remark(status: int) -> None:
    found = verdict(ProbeKind.FORGED, forged=status)
    assert found.passed is True
    assert f"with {status}; 401" in found.verdict


ATTEMPTS = st.integers(100, 599).map(answered) | st.just(TIMEOUT)


@given(st.fixed_dictionaries(dict.fromkeys(ProbeKind, ATTEMPTS)))
def test_every_verdict_is_in_words_and_a_receiver_conforms_only_by_its_answers(
    results: Mapping[ProbeKind, Attempt],
) -> None:
    found = conformance_view(evaluate_receiver(results, URL))
    checks: dict[ProbeKind, Callable[[int], bool]] = {
        ProbeKind.GOOD: lambda status: 200 <= status < 300,
        ProbeKind.DUPLICATE: lambda status: 200 <= status < 300,
        ProbeKind.FORGED: lambda status: not 200 <= status < 300,
        ProbeKind.STALE: lambda status: not 200 <= status < 300,
    }
    for probe in found.probes:
        assert probe.verdict.endswith(".")
        assert probe.expected.endswith(".")
        if probe.passed:
            assert probe.status_code is not None
            assert checks[probe.kind](probe.status_code)
    assert found.conforms == all(probe.passed is True for probe in found.probes)
    assert found.conforms == ("conforms:" in found.summary)
