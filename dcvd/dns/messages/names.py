"""Names as dnspython has them, and as facts tell them."""

import dns.exception
import dns.name
from dns.name import Name


def parse_name(text: str) -> Name | None:
    """The absolute name; None for what DNS cannot carry."""
    try:
        return dns.name.from_text(text)
    except (dns.exception.DNSException, ValueError):
        return None


def to_text(name: Name) -> str:
    """Lower case, without the trailing dot."""
    return name.to_text(omit_final_dot=True).lower()


def prepend_labels(labels: str, name: Name) -> Name | None:
    """The labels put before the name; None where that is longer than DNS allows."""
    return parse_name(f"{labels}.{name.to_text()}")
