"""English: why a name is refused."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

HOSTNAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "hostname_empty": "The hostname is empty; give one such as app.customer.com.",
        "hostname_beyond_dns": "The hostname is longer than {most} characters, the most that DNS can carry.",
        "hostname_length": "The hostname is {length} characters long; DNS carries at most {most}.",
        "hostname_missing": "{typed} has no hostname; give one such as app.customer.com.",
        "hostname_underscore": (
            "{name} has an underscore; a hostname with a certificate has only letters, digits and hyphens."
        ),
        "hostname_wildcard": "{name} is a wildcard; give the hostname itself.",
        "hostname_not_one": "{name} is not a hostname: {reason}.",
        "hostname_label_empty": "{name} has an empty label: two dots in a row, or one at the start.",
        "hostname_label_length": "The label {label} is {length} characters long; DNS allows at most {most}.",
        "hostname_label_odd": "The label {label} is not made of letters, digits and inner hyphens.",
        "hostname_single_label": "{name} is not complete; give a full hostname such as app.customer.com.",
        "hostname_number": "{name} ends in a number, so it is read as an IP address; give a hostname.",
        "hostname_no_tld": "{name} is no hostname: there is no top-level domain .{tld}.",
        "hostname_reserved_tld": "The top-level domain .{tld} is reserved; no CA issues certificates below it.",
        "hostname_tld_slip": "There is no top-level domain .{tld}: did you mean .{likely}? Then enter {meant}.",
        "hostname_public_suffix": (
            "{name} is a public suffix, below which others register; give a name of the customer's own."
        ),
        "hostname_not_web": "{typed} is no address of a web page.",
        "hostname_ip_address": "{name} is an IP address; a certificate needs a hostname.",
        "hostname_mail_address": "{typed} is an e-mail address.",
        "hostname_with_user": "{typed} is an address with a user's name.",
        "hostname_with_port": "{typed} has a port, of which DNS knows nothing.",
        "hostname_enter_only": "Enter only the name: {name}.",
        "hostname_of_service": "{name} belongs to this service itself: customers point their names to {target}.",
        "hostname_beyond_delegation": (
            "{name} is too long to be validated by delegation: its challenge {challenge} would have {length} "
            "characters, and DNS carries {most}. Use a hostname of at most {allowed} characters, or http."
        ),
    }
)
"""The templates by their ids."""
