"""Every event is a sentence, in each language."""

import pytest

from dcvd.core.event_schemas.examples import draft_example
from dcvd.core.event_sentences import describe_event, find_reason
from dcvd.core.events import Event, EventData, EventDraft, EventType, build_body
from dcvd.core.sentences.rendering import CATALOGUE, Language, render
from dcvd.core.webhooks.subscriptions import TENANT_TYPES


def build_event(draft: EventDraft) -> Event:
    body = build_body(draft, event_id="evt_1", sequence=1, now=0)
    return Event(
        id="evt_1", org_id="org_1", sequence=1, type=draft.type, domain_id=draft.domain_id, body=body, created_at=0
    )


def describe(event_type: EventType, data: EventData, language: Language = "en") -> str:
    return render((describe_event(build_event(EventDraft(event_type, data))),), language)


@pytest.mark.parametrize("language", CATALOGUE)
@pytest.mark.parametrize("event_type", TENANT_TYPES)
def test_an_event_says_what_it_is_about(event_type: EventType, language: Language) -> None:
    text = render((describe_event(build_event(draft_example(event_type))),), language)
    assert text.endswith(".")
    assert "–" not in text
    assert event_type.value not in text


@pytest.mark.parametrize("event_type", EventType)
def test_an_old_event_that_says_less_has_a_sentence_too(event_type: EventType) -> None:
    assert describe(event_type, {}).endswith(".")


def test_a_job_is_named_with_its_domain_if_it_has_one() -> None:
    assert describe(EventType.JOB_DLQ, {"job_kind": "write_dns", "domain_name": "app.customer.com"}) == (
        "Writing of DNS records, for app.customer.com: all attempts failed, and it was given up."
    )
    assert describe(EventType.JOB_FAILED, {"job_kind": "odd", "domain_name": None}) == (
        "odd: an attempt failed, and is repeated."
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({}, None),
        ({"error": {"code": "odd", "message": "It is odd."}, "findings": [{"message": "Another."}]}, "It is odd."),
        ({"error": "It answered 500."}, "It answered 500."),
        ({"error": None, "findings": []}, None),
        ({"findings": [{"message": "It is missing."}, {"message": "Another."}]}, "It is missing."),
    ],
)
def test_what_is_wrong_is_what_the_event_says_first(data: EventData, reason: str | None) -> None:
    assert find_reason(build_event(EventDraft(EventType.DOMAIN_ERROR, data))) == reason
