"""English: where deliveries stand, and what to do about them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

DELIVERIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "delivery_delivered": "It was delivered.",
        "delivery_dead": "It is a dead letter: it is not tried again by itself.",
        "delivery_dead_fix": "Then {retry} sends it again.",
        "delivery_dead_disabled": "It is a dead letter, and its webhook is disabled: {reason}.",
        "delivery_dead_disabled_fix": "Then {enable} and {retry} send it again.",
        "delivery_dropped": "It was dropped.",
        "delivery_cancelled": "It was cancelled, as somebody asked.",
        "delivery_ended_fix": "{retry} sends it all the same.",
        "delivery_held": "It is held, because its webhook is disabled: {reason}.",
        "delivery_held_fix": "{enable} sends it.",
        "delivery_disabled_by_organization": "your organization has disabled it",
        "delivery_disabled_gone": "it answered {status}",
        "delivery_disabled_exhausted": "for days not one delivery to it had succeeded",
        "delivery_waits": "It waits until the delivery {delivery} of an earlier event of the same domain has ended.",
        "delivery_waits_fix": "{explain} says what that one waits for, {retry} sends it now, and {cancel} gives it up.",
        "delivery_paused": (
            "Nothing is sent to its webhook before {when}: an answer said that it is busy or out of order."
        ),
        "delivery_due": "It is due now, and sent as soon as its turn comes.",
        "delivery_first_due": "The first attempt is due at {when}.",
        "delivery_next_due": "The next attempt is due at {when}.",
        "delivery_secrets_unreadable": "The secrets of its webhook cannot be read.",
        "delivery_secrets_unreadable_fix": "Rotate them, or ask your operator.",
        # Faults of our own.
        "delivery_own_fault": (
            "It waits for a fault of dcvd's own to end: {fault}. It is tried again soon, and no attempt is used up."
        ),
        "delivery_own_fault_fix": "Your receiver has nothing to do with it; if it lasts, tell your operator.",
        "delivery_fault_limit": "its machine has no connection left",
        "delivery_fault_network": "its network does not reach the Internet",
        "delivery_fault_resolver": "its resolver does not answer",
        "delivery_fault_proxy": "the proxy through which it sends does not work for this receiver",
        "delivery_fault_clock": "its clock is wrong",
        "delivery_fault_trust_store": "its list of certificate authorities is out of date",
        # Endpoints.
        "endpoint_refusal_fix": (
            "Let the receiver take {type}, or take it out of the webhook's events; {cancel} gives up what it refuses."
        ),
        "endpoint_header_with_underscore": (
            "The header {name} has an underscore in its name: nginx and other proxies drop such a header unless they "
            "are told to keep it. Call it {better} if your receiver stands behind one."
        ),
    }
)
"""The templates by their ids."""
