"""English: the pages of events."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

EVENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "events_intro": (
            "What happened, newest first, whether or not its webhooks arrived. New events appear by themselves."
        ),
        "events_type": "Type",
        "events_domain": "Domain",
        "events_when": "When",
        "events_what": "What happened",
        "events_at": "{when}",
        "events_number": "Number {number}",
        "events_number_of": "Number",
        "events_id": "Id",
        "events_request": "Request",
        "events_body": "Body",
        "events_body_of": "the body of event {number}",
        "events_body_explained": (
            "Shown with line breaks; what is copied are the exact bytes that are signed and sent."
        ),
        "events_all": "All events",
        "events_send": "Send it again",
        "events_send_explained": (
            "It goes to the webhook that you choose, with the same id, even if that is not subscribed to events "
            "of this type."
        ),
        "events_send_button": "Send",
        "events_endpoint": "Webhook",
        "events_deliveries": "Deliveries",
        "events_no_deliveries": "No webhook was subscribed to it.",
        "events_status": "Status",
        "events_attempts": "Attempts",
        "events_last_error": "Last error",
        "done_event_sent": "The event is being sent again.",
        "event_domain_added": "{hostname} was added.",
        "event_domain_dormant": "{hostname} is dormant: its record has been missing for too long.",
        "event_domain_removed": "{hostname} was removed.",
        "event_dns_verified": "The record of {hostname} is there and right.",
        "event_dns_check_failed": "The record of {hostname} is missing or wrong.",
        "event_domain_active": "{hostname} serves https.",
        "event_domain_renewed": "The certificate of {hostname} was renewed.",
        "event_domain_expiring_soon": "The certificate of {hostname} expires soon.",
        "event_domain_error": "{hostname} does not go on by itself.",
        "event_job_failed": "{job}, for {hostname}: an attempt failed, and is repeated.",
        "event_job_failed_alone": "{job}: an attempt failed, and is repeated.",
        "event_job_dlq": "{job}, for {hostname}: all attempts failed, and it was given up.",
        "event_job_dlq_alone": "{job}: all attempts failed, and it was given up.",
        "event_delivery_dlq": "A delivery of {type} is a dead letter: all attempts failed.",
        "event_endpoint_failing": "The webhook {endpoint} fails.",
        "event_endpoint_recovered": "The webhook {endpoint} works again.",
        "event_endpoint_disabled": "The webhook {endpoint} was switched off.",
        "event_connection_reauth_required": "The connection to {provider} has to be made anew by its owner.",
        "event_webhook_test": "A webhook was tested.",
        "event_other": "An event of the type {type}.",
    }
)
"""The templates by their ids."""
