"""What a person reads of a timeline: one short sentence for each entry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.domains.domain import DomainStatus
from dcvd.core.jobs import JobState
from dcvd.core.sentences.rendering import CATALOGUE, Language
from dcvd.core.timeline import FieldChange, note_observation, note_transition
from dcvd.core.timeline_sentences import (
    describe_event,
    describe_job,
    describe_observation,
    describe_request,
    describe_transition,
)
from tests.core.builders import DNS_RIGHT, Story, certificate, seen


@pytest.mark.parametrize(
    ("actor", "what", "detail", "sentence"),
    [
        ("token:token_1", "added", None, "An API token added the domain."),
        ("operator", "moved", "app.customer.com",
         "The operator moved the domain to another organization (app.customer.com)."),
        ("link:link_1", "diagnosis", None, "The holder of a link asked for a diagnosis."),
        ("cloudflare", "hint", None, "Cloudflare sent a notification, so the domain is checked."),
        ("sync", "removed", None, "dcvd removed the domain."),
        ("token:token_1", "job_retried", "register job_1", "An API token had a job retried (register job_1)."),
        (None, "something new", None, "Somebody asked for something new."),
    ],
)  # fmt: skip
def test_a_request_is_told_by_who_did_what(actor: str | None, what: str, detail: str | None, sentence: str) -> None:
    assert describe_request(actor, what, detail) == sentence


def test_a_check_and_what_follows_from_it_are_told_by_what_changed() -> None:
    story = Story()
    before = story.domain
    story.look(DNS_RIGHT, seen("active", "active", certificate("01")))
    observed = note_observation(before, story.domain, [DNS_RIGHT])
    followed = note_transition(before, story.domain)
    assert observed is not None
    assert followed is not None
    told = describe_observation(observed.changes, 0)
    assert told.startswith("A check found something new: ")
    assert "Cloudflare's status of the hostname: active (before: none)" in told
    assert "the DNS record: verified (before: unknown)" in told
    told = describe_transition(followed.changes, 2)
    status = f"Its status turned from {DomainStatus.PENDING_CNAME} to {DomainStatus.ACTIVE}."
    assert told == f"{status} It is proved: shared_cname. 2 later changes are in this entry too."


def test_what_became_of_a_domain_is_told_as_a_person_says_it() -> None:
    def told(field: str, before: object, after: object) -> str:
        return describe_transition([FieldChange(field, before, after)], 1).removesuffix(
            " 1 later change is in this entry too."
        )

    moved = {"code": "moved", "message": "It moved."}
    assert told("error", None, moved) == "It stopped with the error moved."
    assert told("error", moved, None) == "The error moved is over."
    assert told("proof", "txt", None) == "It is no longer proved."
    assert told("dormantSince", None, "2027-01-15T08:00:00Z") == "It fell dormant at 2027-01-15T08:00:00Z."
    assert told("dormantSince", "2027-01-15T08:00:00Z", None) == "It is no longer dormant."


def test_what_was_found_is_told_in_few_words() -> None:
    def told(before: object, after: object) -> str:
        prefix = "A check found something new: the findings: "
        return describe_observation([FieldChange("findings", before, after)], 0).removeprefix(prefix)

    assert told(False, True) == "yes (before: no)."
    assert told([], ["a", "b"]) == "a and b (before: none)."
    assert told(["It says so."], None) == "none (before: “It says so.”)."
    certificate = {"serial": "01", "issuer": "Google", "expiresAt": "2027-01-15T08:00:00Z"}
    assert told(None, certificate) == "one of Google until 2027-01-15T08:00:00Z (before: none)."


def test_a_job_is_told_with_what_has_become_of_it_and_an_event_by_its_type() -> None:
    assert describe_job("register", JobState.PENDING) == (
        "A job registers the hostname at Cloudflare. It is not done yet."
    )
    assert describe_job("write_dns", JobState.DEAD) == "A job writes the records. It was given up."
    assert describe_event("domain.active") == ("The event domain.active was written for the webhooks that want it.")


def test_many_changes_and_long_values_are_cut_and_numbers_have_their_marks() -> None:
    codes = [f"a_code_of_{number:02}_letters_or_more" for number in range(10)]
    told = describe_observation([FieldChange("findings", None, codes)] * 8, 1234)
    value = ", ".join(codes)[:99]
    assert told.count(f"the findings: {value}… (before: none); ") == 6
    assert told.endswith("; 2 more. 1,234 later changes are in this entry too.")


def test_a_history_is_told_in_german_too() -> None:
    certificate = {"serial": "01", "issuer": None, "expiresAt": "2027-01-15T08:00:00Z"}
    changes = [
        FieldChange("certificate", None, certificate),
        FieldChange("waitsForTxt", False, True),
        FieldChange("errors", [], ["CAA forbids it.", "timeout"]),
        *[FieldChange("new", 1, 2)] * 4,
    ]
    assert describe_observation(changes, 1234, "de") == (
        "Eine Prüfung fand Neues: das geltende Zertifikat: eines von unbekanntem Aussteller bis 2027-01-15T08:00:00Z "
        "(vorher: nichts); Cloudflare wartet auf TXT-Einträge: ja (vorher: nein); die Fehlertexte von Cloudflare: "
        "„CAA forbids it.“ und timeout (vorher: nichts); new: 2 (vorher: 1); new: 2 (vorher: 1); new: 2 (vorher: 1); "
        "1 weitere. In diesem Eintrag stecken auch 1.234 spätere Änderungen."
    )
    turned = describe_transition(
        [FieldChange("status", "issuing", "error"), FieldChange("error", None, {"code": "moved"})], 1, "de"
    )
    assert turned == (
        "Ihr Status wechselte von issuing zu error. Sie blieb mit dem Fehler moved stehen. "
        "In diesem Eintrag steckt auch 1 spätere Änderung."
    )
    assert describe_request("job:job_1", "moved", "app.customer.com", "de") == (
        "Ein Auftrag von dcvd hat die Domain in eine andere Organisation verschoben (app.customer.com)."
    )
    assert describe_request("cloudflare", "hint", None, "de") == (
        "Cloudflare hat eine Nachricht gesendet, daher wird die Domain geprüft."
    )
    assert describe_job("write_dns", JobState.DEAD, "de") == "Ein Auftrag schreibt die Einträge. Er wurde aufgegeben."
    assert "domain.active" in describe_event("domain.active", "de")


ANY_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["code", "expiresAt", "x"]), inner),
    max_leaves=5,
)
FIELDS = st.sampled_from(["status", "findings", "new"])
CHANGES = st.lists(st.builds(FieldChange, FIELDS, ANY_VALUE, ANY_VALUE), min_size=1)


@given(CHANGES, st.integers(0, 9), st.sampled_from(list(CATALOGUE)))
def test_whatever_changed_is_one_printable_line_of_bounded_length(
    changes: list[FieldChange], merged: int, language: Language
) -> None:
    for told in (describe_observation(changes, merged, language), describe_transition(changes, merged, language)):
        assert told.isprintable()
        assert len(told) < 3000
        assert told.endswith(".")
