"""English: the page on which a customer connects a domain."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CONNECT_PAGE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "connect_title": "Connect {hostname}",
        "connect_title_ready": "{hostname} is connected",
        "connect_title_broken": "{hostname} does not work",
        "connect_title_new": "Connect your domain",
        "connect_intro": "{organization} serves this address for you. A record in your DNS leads it there.",
        "connect_verdict_ready": "{hostname} leads to {organization}, and opens by https. There is nothing more to do.",
        "connect_verdict_customer": "There is something to do for you: see what is marked below.",
        "connect_verdict_broken": "It worked before. See what is marked below.",
        "connect_verdict_organization": (
            "{organization} has to put something right. There is nothing to do for you; this page shows when it goes "
            "on."
        ),
        "connect_verdict_waiting": "There is nothing to do for you now. This page shows by itself what happens.",
        "connect_verdict_first_check": "Your DNS is being asked. You can create the record below meanwhile.",
        "connect_open": "Open {hostname}",
        "connect_return": "Back to {organization}",
        "connect_expires": "This page works until {when}.",
        "connect_next_check": "Next check: {when}",
        "connect_check_now": "Check now",
        "connect_checked_soon": "The check takes longer; its result appears here.",
        "connect_since": "since {when}",
        "connect_progress": "Progress",
        "connect_step_name": "The name exists",
        "connect_step_record": "Your record is found",
        "connect_step_target": "It points to us",
        "connect_step_caa": "A certificate may be issued",
        "connect_step_certificate": "The certificate is issued",
        "connect_step_https": "https opens",
        "connect_state_done": "done",
        "connect_state_wrong": "not yet",
        "connect_state_current": "in progress",
        "connect_state_ahead": "comes later",
        "connect_record": "The record",
        "connect_records": "The records",
        "connect_record_of": "Record {number} of {total}",
        "connect_type": "Type",
        "connect_name": "Name",
        "connect_value": "Value",
        "connect_value_to_come": "It appears here in a moment.",
        "connect_ttl": "TTL",
        "connect_ttl_seconds": "{seconds} seconds, or as your provider has it",
        "connect_copy": "Copy",
        "connect_copy_what": "Copy {what}",
        "connect_copied": "Copied",
        "connect_found": "found",
        "connect_at_provider": "Your DNS is at {provider}. There it is called {records_page}.",
        "connect_open_provider": "Open {provider}",
        "connect_provider_unknown": (
            "Where the DNS of {zone} is run was not recognised: sign in where you bought the domain, and look for "
            "“DNS” or “name servers”."
        ),
        "connect_field_words": "There the name is called “{name_field}”, and the value “{value_field}”.",
        "connect_grey_cloud": (
            "Switch the proxy off for this record: the cloud beside it has to be grey, with the words “DNS only”."
        ),
        "connect_final_dot": "If your provider appends {zone} to the value, type the value with a dot at its end.",
        "connect_your_provider": "your DNS provider",
        "connect_one_click": "Let {provider} do it",
        "connect_one_click_explained": (
            "You sign in at {provider} and agree. Then the record is written for you, and nothing else is changed."
        ),
        "connect_continue_at": "Continue at {provider}",
        "connect_leads_there": "This page leads there by itself. If it does not, follow the link.",
        "connect_leaving": "You leave this page and come back to it.",
        "connect_new_window": "It opens in a new window, and this page shows what comes of it.",
        "connect_plan": "This will be written at {provider}",
        "connect_plan_add": "New: {record}",
        "connect_plan_remove": "Removed, and kept so that it can be put back: {record}",
        "connect_plan_done": "There already: {record}",
        "connect_plan_write": "Write it",
        "connect_plan_replace": "Replace what is there, and write it",
        "connect_plan_cancel": "Do nothing",
        "connect_failed": ("Your provider was not connected. Try again, or create the record by hand."),
        "connect_failed_declined": ("You declined, so nothing was connected. You can create the record by hand."),
        "connect_failed_scope": (
            "The permission to change DNS records was not given, so nothing was connected. Start again and allow "
            "it, or create the record by hand."
        ),
        "connect_failed_quota": (
            "There are too many connections already. Tell {organization}, or create the record by hand."
        ),
        "connect_share": "Does somebody else run your DNS?",
        "connect_share_mail": "Send it by mail",
        "connect_share_copy": "Copy as text",
        "connect_share_print": "Print",
        "connect_mail_subject": "A DNS record for {hostname}",
        "connect_mail_intro": "Please create this DNS record, so that {hostname} leads to {organization}:",
        "connect_mail_intro_many": "Please create these DNS records, so that {hostname} leads to {organization}:",
        "connect_new_intro": (
            "Which address shall lead to {organization}? Type it as people will see it, such as {example}."
        ),
        "connect_new_label": "Your domain",
        "connect_new_button": "Go on",
        "connect_new_read_as": "We read {text} as {hostname}.",
        "connect_new_apex": (
            "{hostname} is a whole domain. Most providers cannot lead that to another name; {www} works everywhere."
        ),
        "connect_new_take": "Connect {hostname}",
        "connect_new_other": "Type another name",
        "connect_error_title": "This did not work",
        "connect_error_link": (
            "This link does not work any more, or it was not copied whole. Ask whoever gave it to you for a new one."
        ),
        "connect_error_later": "Try again in a moment. If it stays like this, tell whoever gave you this link.",
        "connect_error_reference": "Reference: {request_id}",
        "connect_skip": "Skip to the content",
        "connect_language": "Language",
    }
)
"""The templates by their ids."""
