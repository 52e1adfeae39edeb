"""Look up the users and groups of this machine that the configuration names as operators and observers."""

import grp
import os
import pwd
from collections.abc import Sequence
from typing import Final

from dcvd.config import ServerConfig
from dcvd.core.operators import OperatorRights, ProcessOwners
from dcvd.errors import ConfigError

_GROUP_MARK: Final = "@"


def find_operator_rights(server: ServerConfig) -> OperatorRights:
    """Find who may use the unix socket: root and the daemon's own user for everything, else who is configured.

    The members of a group are those of the moment: the kernel tells of a connection only the user and one group of its
    process. Raises ConfigError for users and groups that do not exist.
    """
    problems: list[str] = []
    operators = _find_owners("operators", server.operators, problems)
    observers = _find_owners("observers", server.observers, problems)
    if problems:
        raise ConfigError(problems)
    return OperatorRights(
        operators=ProcessOwners(uids=operators.uids | {0, os.geteuid()}, gids=operators.gids), observers=observers
    )


def _find_owners(key: str, names: Sequence[str | int], problems: list[str]) -> ProcessOwners:
    uids: set[int] = set()
    gids: set[int] = set()
    for name in names:
        if isinstance(name, int):
            uids.add(name)
        elif name.startswith(_GROUP_MARK):
            try:
                group = grp.getgrnam(name.removeprefix(_GROUP_MARK))
            except KeyError:
                problems.append(f"server.{key} names {name!r}, but this machine has no such group.")
                continue
            gids.add(group.gr_gid)
            uids.update(uid for member in group.gr_mem if (uid := _find_uid(member)) is not None)
        elif (uid := _find_uid(name)) is not None:
            uids.add(uid)
        else:
            problems.append(f"server.{key} names {name!r}, but this machine has no such user.")
    return ProcessOwners(uids=frozenset(uids), gids=frozenset(gids))


def _find_uid(name: str) -> int | None:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None
