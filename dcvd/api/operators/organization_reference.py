"""Whose an item of a list across organizations is."""

from msgspec import Struct


class OrganizationReference(Struct, frozen=True):
    """The organization that an item belongs to."""

    id: str
    name: str
