"""English: the one sentence that says who has to do what next."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SUMMARIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "customers_turn": "The domain's owner has to act:",
        "operators_turn": "The operator of this service has to act:",
        "nobodys_turn": "No action needed:",
        "serves_but": "{hostname} serves https, but not all is well.",
        "serves": "{hostname} serves https and points here; there is nothing to do.",
        "renewal_late": (
            "{hostname} serves https until {until}, but the renewal of its certificate is late since {since}. "
            "Cloudflare, which renews it, has to act."
        ),
        "renewal_late_uploaded": (
            "{hostname} serves https until {until}, but the renewal of its certificate is late since {since}. "
            "The operator of this service has to upload another one."
        ),
        "serves_unknown": (
            "{hostname} serves https; that its DNS still points here is not known, and is checked again."
        ),
        "record_there_next": (
            "The record of {hostname} is there. For its certificate create this record as well: {record}."
        ),
        "value_to_come": "the name that Cloudflare is about to give",
        "issuing": ("The record of {hostname} is there and its certificate is being issued; there is nothing to do."),
        "checks_unanswered": (
            "What DNS has for {hostname} is not known: the checks so far had no answer. It is asked again."
        ),
        "not_checked_yet": "{hostname} was not checked yet; create the required records meanwhile.",
        "confirming": "The record of {hostname} is being confirmed through Cloudflare; there is nothing to do.",
        "stuck": "{hostname} does not go on by itself; ask the operator of this service.",
        "error_deleted": (
            "Cloudflare no longer has {hostname}: it was deleted there. It is registered again by itself."
        ),
        "error_certificate_gone": (
            "The certificate of {hostname} is {status} at Cloudflare: nothing serves https until another is issued."
        ),
        "error_certificate_expired": "The certificate of {hostname} expired on {when} and none replaced it.",
        "ordered_again": "It is ordered again by itself.",
        "error_held": (
            "Another organization of this service has proved {hostname} before; ask the operator to move it to you."
        ),
        "error_registration_failed": (
            "{hostname} could not be registered at Cloudflare. Its job `register` says why, and can be retried."
        ),
        "cname_removed": "Its CNAME was removed.",
        "cname_changed": "Its CNAME was changed to {target}.",
        "preview_unanswered": "DNS could not be asked about {hostname} just now; ask again in a minute.",
        "preview_target_unknown": (
            "{hostname} can be added; create its record then, because its target is chosen when it is added."
        ),
        "preview_hidden_new": (
            "Where {hostname} leads is hidden, because its record is proxied or flattened; it can be added, and is "
            "confirmed through Cloudflare then."
        ),
        "preview_hidden": (
            "Where {hostname} leads is hidden, because its record is proxied or flattened; it is confirmed by "
            "Cloudflare."
        ),
        "preview_right_but_new": ("The record of {hostname} is right, so it can be added, but not all is well."),
        "preview_right_but": "The record of {hostname} is right, but not all is well.",
        "preview_right_new": "The record of {hostname} is right; it can be added.",
        "preview_right": "The record of {hostname} is right; there is nothing to do.",
    }
)
"""The templates by their ids."""
