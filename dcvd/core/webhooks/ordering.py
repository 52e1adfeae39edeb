"""The order in which an endpoint gets its deliveries."""

from enum import StrEnum


class Ordering(StrEnum):
    """Which deliveries of an endpoint wait for each other: those about the same domain, or none."""

    DOMAIN = "domain"
    NONE = "none"
