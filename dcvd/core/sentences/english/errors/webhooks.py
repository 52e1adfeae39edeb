"""English: errors about endpoints and their deliveries."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

WEBHOOKS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "delivery_unknown": "There is no delivery {delivery}.",
        "secrets_unreadable": "The secrets of {endpoint} cannot be read; rotate its secret, or ask your operator.",
        "replay_none_with_enabled": 'replay "none" goes with "enabled": true, and with nothing else.',
        "webhook_unknown": "There is no webhook {endpoint}.",
        "event_type_unknown": "{field} is {name}, which is no event; the events are: {known}.",
        "event_on_its_way": "The event {event} is on its way to this webhook already: the delivery {delivery}.",
        "event_not_meant": (
            "The event {event} was never meant for this webhook: its `match` leaves it out, or it is about deliveries "
            "to others."
        ),
        "delivery_waits_for_earlier": (
            "The delivery {delivery} waits for {earlier} ({type}), which is earlier in the order of its domain, and "
            "is sent right after that. Retry that one (POST {path}/retry), or give it up (POST {path}/cancel)."
        ),
        "since_in_future": "since is in the future, so there is nothing to replay.",
        "until_before_since": "until is not later than since, so there is nothing to replay.",
        "events_empty": 'events is empty; give ["{all}"] for all, or name at least one of: {types}.',
        "event_unknown": (
            '{field} is {name}, which is no event; give "{all}" for all, a family ({families}), or one of the events: '
            "{types}."
        ),
        "secrets_too_many": "{most} secrets of {endpoint} are valid already; wait until one expires, or give no grace.",
        "delivery_ended": "The delivery {delivery} {ending}, so there is nothing to cancel.",
        "delivery_is_cancelled": "is cancelled already",
        "delivery_was_delivered": "was delivered",
        "delivery_is_dead": "is a dead letter, which is not tried again by itself and for which nothing waits",
        "delivery_was_dropped": "was dropped",
        "url_too_long": "The URL is {count} characters long; at most {most} are accepted.",
        "url_odd_characters": (
            "The URL contains a space, a control character or a backslash; write such characters percent-encoded."
        ),
        "url_unreadable": "The URL cannot be read: {reason}.",
        "url_not_https": "The URL has to begin with https://.",
        "url_not_http": "The URL has to begin with https:// or http://.",
        "url_without_host": "The URL names no host.",
        "url_with_user": (
            "The URL contains a user name or a password; leave them out, the webhook's signature authenticates us."
        ),
        "url_with_fragment": "The URL contains a fragment (#…), which is never sent; leave it out.",
        "url_odd_port": "The URL spells its port in an unusual way; write a plain number, or leave it out.",
        "url_port_zero": "The URL names port 0, which nobody can listen on.",
        "url_host_no_name": "The URL's host {host} is not a host name.",
        "url_host_loopback": "The URL's host {host} is this machine itself, which is not allowed (loopback).",
        "url_port_refused": "The URL names port {port}; allowed are {allowed}.",
        "url_zone_id": "The URL's address has a zone id, which means something on one machine only; leave it out.",
        "url_address_refused": "The URL's address {address} is not allowed ({reason}).",
        "url_odd_address": "The URL spells an address in an unusual way; write {address}.",
    }
)
"""The templates by their ids."""
