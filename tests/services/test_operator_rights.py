"""Who the configuration names as operators and observers, by the users and groups of the machine."""

import grp
import os
import pwd

import pytest

from dcvd.config import ServerConfig
from dcvd.core.tokens.token import Role
from dcvd.errors import ConfigError
from dcvd.services.operator_rights import find_operator_rights

_STRANGER = 54_321
"""A user id and a group id that nobody has."""


def test_root_and_the_daemons_own_user_are_operators_and_nobody_else_is() -> None:
    rights = find_operator_rights(ServerConfig())
    assert rights.find_role(0, _STRANGER) is Role.OWNER
    assert rights.find_role(os.geteuid(), _STRANGER) is Role.OWNER
    assert rights.find_role(_STRANGER, 0) is None


def test_a_user_is_named_by_name_or_by_number() -> None:
    name = pwd.getpwuid(os.geteuid()).pw_name
    rights = find_operator_rights(ServerConfig(observers=(name, _STRANGER)))
    assert rights.find_role(_STRANGER, _STRANGER) is Role.MEMBER
    assert find_operator_rights(ServerConfig(operators=(_STRANGER,))).find_role(_STRANGER, 1) is Role.OWNER


def test_whoever_is_both_is_an_operator() -> None:
    rights = find_operator_rights(ServerConfig(operators=(_STRANGER,), observers=(_STRANGER,)))
    assert rights.find_role(_STRANGER, _STRANGER) is Role.OWNER


def test_a_group_means_its_members_and_whoever_runs_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    group = grp.struct_group(("ops", "x", _STRANGER, ["daemon", "nobody-of-that-name"]))
    monkeypatch.setattr(grp, "getgrnam", {"ops": group}.__getitem__)
    rights = find_operator_rights(ServerConfig(observers=("@ops",)))
    assert rights.find_role(pwd.getpwnam("daemon").pw_uid, 1) is Role.MEMBER
    assert rights.find_role(_STRANGER, _STRANGER) is Role.MEMBER
    assert rights.find_role(_STRANGER, 1) is None


def test_whatever_does_not_exist_is_named_all_at_once() -> None:
    server = ServerConfig(operators=("nobody-of-that-name", "@no-such-group"), observers=("@neither-this",))
    with pytest.raises(ConfigError) as caught:
        find_operator_rights(server)
    assert [problem.split()[0] + problem.split()[2] for problem in caught.value.problems] == [
        "server.operators'nobody-of-that-name',",
        "server.operators'@no-such-group',",
        "server.observers'@neither-this',",
    ]
