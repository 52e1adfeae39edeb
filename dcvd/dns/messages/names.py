"""Convert names between dnspython's type and the text in facts."""

import dns.exception
import dns.name
from dns.name import Name


def parse_name(text: str) -> Name | None:
    """Parse an absolute name; return None for what DNS cannot carry."""
    try:
        return dns.name.from_text(text)
    except (dns.exception.DNSException, ValueError):
        return None


def to_text(name: Name) -> str:
    """Return a name in lower case, without the trailing dot."""
    return name.to_text(omit_final_dot=True).lower()


def prepend_labels(labels: str, name: Name) -> Name | None:
    """Put labels before a name; return None where the result is longer than DNS allows."""
    return parse_name(f"{labels}.{name.to_text()}")
