"""What a person reads of a timeline: one short sentence for each entry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.domains.domain import DomainStatus
from dcvd.core.jobs import JobState
from dcvd.core.timeline import FieldChange, note_observation, note_transition
from dcvd.core.timeline_sentences import describe_changes, describe_event, describe_job, describe_request
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
    told = describe_changes(observed.changes, is_observed=True, merged=0)
    assert told.startswith("A check found a change: ")
    assert "Cloudflare's status of the hostname is now active" in told
    assert "the status of the DNS record changed from unknown to verified" in told
    told = describe_changes(followed.changes, is_observed=False, merged=2)
    status = f"The status changed from {DomainStatus.PENDING_CNAME} to {DomainStatus.ACTIVE}"
    assert told == f"{status}; the proof of the claim is now shared_cname. 2 later changes are in this entry too."


def test_values_are_told_as_a_person_says_them() -> None:
    def told(before: object, after: object) -> str:
        return describe_changes([FieldChange("error", before, after)], is_observed=False, merged=0)

    assert told({"code": "moved", "message": "It moved."}, None) == "The error changed from moved to none."
    assert told(None, {"code": "moved", "message": "It moved."}) == "The error is now moved."
    assert told(False, True) == "The error changed from no to yes."
    assert told([], ["a", "b"]) == "The error is now a and b."
    assert told(None, {"serial": "01", "expiresAt": "2027-01-15T08:00:00Z"}) == (
        "The error is now one until 2027-01-15T08:00:00Z."
    )


def test_a_job_is_told_with_what_has_become_of_it_and_an_event_by_its_type() -> None:
    assert describe_job("register", JobState.PENDING) == (
        "A job registers the hostname at Cloudflare. It is not done yet."
    )
    assert describe_job("write_dns", JobState.DEAD) == "A job writes the records. It was given up."
    assert describe_event("domain.active") == "Webhooks reported domain.active."


ANY_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["code", "expiresAt", "x"]), inner),
    max_leaves=5,
)
FIELDS = st.sampled_from(["status", "findings", "new"])
CHANGES = st.lists(st.builds(FieldChange, FIELDS, ANY_VALUE, ANY_VALUE), min_size=1)


@given(CHANGES, st.booleans(), st.integers(0, 9))
def test_whatever_changed_is_one_printable_line_of_bounded_length(
    changes: list[FieldChange], is_observed: bool, merged: int
) -> None:
    told = describe_changes(changes, is_observed=is_observed, merged=merged)
    assert told.isprintable()
    assert len(told) < 2000
    assert told.endswith(".")
