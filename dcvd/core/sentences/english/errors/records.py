"""English: errors about what is written into customers' zones."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

RECORDS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "template_does_not_fit": (
            "{name} has to point to {value}, which is not what the template at the DNS providers sets: create this "
            "record by hand."
        ),
        "redirect_uri_unlisted": "redirectUri is not one of oauth.return_to of the configuration.",
        "template_not_supported": (
            "{name} does not know the template {provider}/{service}: have the record created by hand."
        ),
        "record_not_known_yet": "The value of the record {name} is known only some seconds after the domain was added.",
        "connection_needed": "{name} has no connection yet: say which one is to write.",
        "dns_write_pending": (
            "Another job that writes the records of {name} is pending: {job}. Ask again when it has ended."
        ),
        "nothing_to_undo": "No record of {name} was written: there is nothing to undo.",
        "connection_removed": (
            "The connection that wrote the records of {name} was removed. Connect anew, have them written by the new "
            "connection (what is there already stays as it is), then undo."
        ),
        "obstacle_not_in_zone": "{name} is not in the zone {zone}; connect the provider that holds it.",
        "obstacle_apex": (
            "{name} is the top of its zone, where DNS allows no CNAME (RFC 1034). Use a name below it, such as "
            "www.{name}, or an ALIAS record, if the provider has one."
        ),
        "obstacle_type": "Only CNAME records are written; {name} needs {type}.",
        "obstacle_delegated": "{name} is handed over by {records}: the record has to be made where that leads.",
        "obstacle_mail": (
            "{name} receives mail by {records}, beside which no CNAME can be, and which dcvd never removes. Use "
            "another name, or move the mail first."
        ),
        "obstacle_too_many": (
            "{count} records stand at {name}, too many to keep for an undo: remove them by hand first."
        ),
        "obstacle_in_the_way": (
            "At {name} stands {records}, where CNAME {value} is needed. To put it in that place, ask again with "
            '"replace": true; what stands there now is kept for an undo.'
        ),
        "obstacle_unplanned": (
            "At {name} stands {records}, which the plan of this write did not show: the zone was changed since, and "
            "is left alone. Plan anew."
        ),
        "obstacle_no_zone": (
            "The connection {connection} reaches no zone that {name} is in. Connect the account, or the key, that "
            "holds the zone, or let this connection see it."
        ),
        "discovery_unregistered": "The domain of {hostname} is not registered.",
        "discovery_not_offered": "The DNS provider of {zone} does not offer Domain Connect.",
        "discovery_without_zone": "{zone} names a Domain Connect service that does not have the zone.",
        "discovery_unusable": "The Domain Connect service of {zone} gives an answer that cannot be used: {reason}.",
        "discovery_other_servers": (
            "The name servers of {zone} are {names}, and its Domain Connect service writes to others."
        ),
        "by_hand": "Have the record created by hand.",
        "record_changed_since": (
            "At {name} stands {records}, not the {type} {value} that was written: it was changed since, and is left "
            "alone."
        ),
        "zone_without_delegation": (
            "DNS has no zone for {hostname}: its domain is not registered, or is delegated to no name servers. Have "
            "its registrar delegate it first; until then nobody asks the connection's zone {zone}."
        ),
        "zone_without_delegation_to": (
            "DNS has no zone for {hostname}: its domain is not registered, or is delegated to no name servers. Have "
            "its registrar delegate it to {servers} first; until then nobody asks the connection's zone {zone}."
        ),
        "zone_is_another": (
            "{hostname} is in the zone {public}, which {servers} serve. The connection reaches {zone}, and for this "
            "name resolvers are not led there. Connect the account that holds {public}, or create the record there by "
            "hand."
        ),
        "zone_partial": (
            "The provider holds {zone} in a partial (CNAME) setup: resolvers ask {servers}. Connect the provider that "
            "runs these, or create the record there by hand."
        ),
        "zone_secondary": (
            "The provider holds a copy of {zone} (a secondary zone), whose records are changed at its primary server. "
            "Connect that, or create the record there by hand."
        ),
        "zone_not_led_to": (
            "Resolvers are not led to the connection's zone {zone}, but to {servers}. Connect the provider that runs "
            "these, create the record there by hand, or have the registrar set the name servers of the connection's "
            "zone."
        ),
        "zone_at_not_led_to": (
            "Resolvers are not led to the connection's zone {zone} ({own}), but to {servers}. Connect the provider "
            "that runs these, create the record there by hand, or have the registrar set the name servers of the "
            "connection's zone."
        ),
        "servers_other": "other name servers",
        "servers_named": "the name servers {servers}",
        "servers_named_of": "the name servers {servers} ({provider})",
        "nothing_is_written": "Nothing is written there.",
        "connection_that_reaches": "The connection {connection} reaches the zone {zone}: use that one.",
        "records_more": "{listed} and {count} more",
        "record_gone_since": (
            "At {name} stands nothing, not the {type} {value} that was written: it was changed since, and is left "
            "alone."
        ),
    }
)
"""The templates by their ids."""
