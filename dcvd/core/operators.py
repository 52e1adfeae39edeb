"""Operators and observers: what a process at the unix socket may do, by its credentials."""

from typing import Final

from msgspec import Struct

from dcvd.core.tokens.token import Role

OPERATOR_ORG_ID: Final = "org_operator"
"""The id under which the operator's own endpoints, events and deliveries are stored, as an organization's are. Its row
in `organizations` is no tenant, and nothing that finds or lists these shows it. It is there from the first use on."""


def is_wanted_organization(wanted_id: str | None, org_id: str) -> bool:
    """Whether an id is that of the wanted organization; None stands for all of them, of which the operator is none."""
    return org_id == wanted_id if wanted_id is not None else org_id != OPERATOR_ORG_ID


class ProcessUser(Struct, frozen=True, kw_only=True):
    """The effective user id and group id with which a process runs."""

    uid: int
    gid: int


class ProcessOwners(Struct, frozen=True, kw_only=True):
    """Processes that run as one of these users or with one of these groups."""

    uids: frozenset[int] = frozenset()
    gids: frozenset[int] = frozenset()

    def include(self, uid: int, gid: int) -> bool:
        """Whether a process with this effective user id and group id is one of them."""
        return uid in self.uids or gid in self.gids


class OperatorRights(Struct, frozen=True, kw_only=True):
    """Who may use the unix socket: operators for everything, observers to read."""

    operators: ProcessOwners = ProcessOwners()
    observers: ProcessOwners = ProcessOwners()

    def find_role(self, uid: int, gid: int) -> Role | None:
        """Return the role of a process: an operator may do all that an owner may, an observer only reads."""
        if self.operators.include(uid, gid):
            return Role.OWNER
        return Role.MEMBER if self.observers.include(uid, gid) else None
