"""English: the pages of the contacts for alerts."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ALERTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "alerts_intro": (
            "Addresses that get a mail when something goes wrong with your domains, endpoints, connections or jobs."
        ),
        "alerts_no_mail": (
            "There are no alerts by mail here: whoever runs dcvd has not set a mail server, or the address of "
            "this site."
        ),
        "alerts_address": "E-mail address",
        "alerts_id": "Id",
        "alerts_member": "a member",
        "alerts_state": "State",
        "alerts_status_active": "gets alerts",
        "alerts_status_unconfirmed": "has not agreed yet",
        "alerts_status_unsubscribed": "wants no more",
        "alerts_status_bouncing": "does not exist",
        "alerts_explained_active": "Whoever has the address agreed to it.",
        "alerts_explained_unconfirmed": (
            "They are sent a mail with a link. Until they press the button behind it, they are told nothing."
        ),
        "alerts_explained_unsubscribed": "They ended the alerts by the link in a mail.",
        "alerts_explained_bouncing": "Several mails in a row were refused, because there is no such address.",
        "alerts_at": "{when}",
        "alerts_added": "Added",
        "alerts_question": "Question",
        "alerts_question_until": "It can be agreed to until {when}.",
        "alerts_agreed": "Agreed",
        "alerts_last_error": "Last error",
        "alerts_no_error": "none",
        "alerts_told": "Is told",
        "alerts_everything": "everything",
        "alerts_chosen": "only what is checked here",
        "alerts_kind_endpoint_failing": "an endpoint fails",
        "alerts_kind_event_refused": "an endpoint refuses one type of event",
        "alerts_kind_endpoint_disabled": "an endpoint was disabled",
        "alerts_kind_endpoint_recovered": "an endpoint works again",
        "alerts_kind_domain_broken": "a domain that worked does not any more",
        "alerts_kind_renewal_overdue": "the renewal of a certificate is overdue",
        "alerts_kind_certificate_expiring": "a certificate ends soon",
        "alerts_kind_connection_consent_needed": "a connection has to be made anew",
        "alerts_kind_job_dead": "a job was given up",
        "alerts_add": "Add an address",
        "alerts_add_explained": "They are sent a mail, and are told something once they have agreed.",
        "alerts_add_button": "Add, and ask them",
        "alerts_change": "What is told",
        "alerts_save": "Save",
        "alerts_ask": "Ask again",
        "alerts_remove": "Remove",
        "alerts_remove_explained": "The address gets no more mails from now on.",
        "done_contact_asked": "A mail that asks for consent is on its way.",
        "done_contact_changed": "The contact was changed.",
        "done_contact_removed": "The contact was removed.",
    }
)
"""The templates by their ids."""
