"""The column that says whose an item is, in lists of all organizations."""

from typing import Final, Protocol

from dcvd.cli.terminal.columns import Column


class _Organization(Protocol):
    @property
    def name(self) -> str: ...


class OfOrganization(Protocol):
    """What belongs to an organization."""

    @property
    def organization(self) -> _Organization: ...


ORGANIZATION_COLUMN: Final[Column[OfOrganization]] = Column(
    heading="org", cell=lambda each: each.organization.name, shortest=8, gives_way=5
)
