"""The `webhooks` of the document: every event that is made is as its schema says."""

import json
import re
from typing import Any

from dcvd.core.events import EventType, build_body
from dcvd.core.instants import DAY, MINUTE
from dcvd.core.lifecycle.transitions import warn_of_expiry
from dcvd.core.webhooks.subscriptions import TENANT_TYPES
from dcvd.services.connections.reauth import require_reauth
from dcvd.services.context import Context
from dcvd.store.organizations.organizations import Organization
from tests.api.webhooks.owed import added, domain, tried
from tests.core.builders import THRESHOLDS, active_story, certificate
from tests.dns_provider import connect
from tests.manual_clock import ManualClock
from tests.served_app.client import Client
from tests.store.engine.version_four import TEXT
from tests.stored_events import find_faults, find_schema_faults

_STORED = re.compile(r"CAST\('(\{\"event\":(?:[^']|'')*)' AS BLOB\)")


def _check(event: dict[str, Any]) -> EventType:
    """Check that an event is what its schema says, as a receiver would."""
    assert find_schema_faults(event) == []
    return EventType(event["event"])


def test_each_type_of_event_is_a_webhook_of_the_document(document: dict[str, Any]) -> None:
    assert set(document["webhooks"]) == set(TENANT_TYPES)
    schemas = document["components"]["schemas"]
    for name, methods in document["webhooks"].items():
        body = methods["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert body["properties"]["event"]["const"] == name
        assert body["properties"]["data"]["$ref"].rpartition("/")[2] in schemas
        assert methods["post"]["summary"]


def test_what_a_daemon_stored_in_its_life_is_as_the_document_says() -> None:
    bodies = [json.loads(found.replace("''", "'")) for found in _STORED.findall(TEXT)]
    assert len(bodies) > 50
    assert {_check(body) for body in bodies} >= {EventType.DOMAIN_REMOVED, EventType.JOB_DLQ, EventType.DOMAIN_ERROR}


def test_the_warning_of_an_expiry_is_as_the_document_says() -> None:
    served = active_story(certificate("0a")).domain
    assert served.certificate is not None
    (draft,) = warn_of_expiry(served, served.certificate.expires_at - DAY, THRESHOLDS).events
    event = json.loads(build_body(draft, event_id="evt_1", sequence=1, now=0))
    assert find_faults(event) == []
    assert _check(event) is EventType.DOMAIN_EXPIRING_SOON


async def test_what_happens_to_endpoints_and_connections_is_as_the_document_says(
    owner: Client, context: Context, clock: ManualClock, organization: Organization
) -> None:
    endpoint = (await added(owner))["id"]
    for number in range(5):
        await domain(owner, f"app{number}.customer.com")
    for wait, status in ((6, 500), (60, 500), (60, 204)):
        await tried(context, endpoint, status)
        clock.advance(wait * MINUTE)
    await domain(owner)
    await tried(context, endpoint, 410)
    await owner.post(f"/api/webhooks/{endpoint}/test")
    await require_reauth(context, await connect(context, organization.id), "token_refused", "It is refused.")
    events = (await owner.get("/api/events")).json["events"]
    assert {_check(event) for event in events} == {
        EventType.DOMAIN_ADDED,
        EventType.ENDPOINT_FAILING,
        EventType.ENDPOINT_RECOVERED,
        EventType.ENDPOINT_DISABLED,
        EventType.DELIVERY_DLQ,
        EventType.WEBHOOK_TEST,
        EventType.CONNECTION_REAUTH_REQUIRED,
    }
