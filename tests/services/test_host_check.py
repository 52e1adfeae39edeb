"""What a start would find wrong with the machine is found before it: directories, users, addresses."""

import os
import socket
from pathlib import Path

import pytest

from dcvd.config import Config, ServerConfig
from dcvd.config.addresses import SocketAddress
from dcvd.config.sections import DatabaseConfig
from dcvd.services.host_check import UnitAccess, find_host_problems
from tests.free_ports import find_free_port

UNIT = UnitAccess("dcvd.service", (Path("/var/lib/dcvd"), Path("/run/dcvd")), (Path("/srv/dcvd"),))


def config(directory: Path, *listen: int, database: Path | None = None, operators: tuple[str, ...] = ()) -> Config:
    """A configuration whose files are in a directory, and which listens at these ports of loopback."""
    server = ServerConfig(
        listen=tuple(SocketAddress("127.0.0.1", port) for port in listen),
        socket=directory / "dcvd.sock",
        operators=operators,
    )
    return Config(server=server, database=DatabaseConfig(path=database or directory / "dcvd.db"))


def test_a_machine_that_has_everything_has_no_problem_and_nothing_is_left_behind(tmp_path: Path) -> None:
    port = find_free_port()
    assert find_host_problems(config(tmp_path, port)) == []
    assert list(tmp_path.iterdir()) == []
    with socket.socket() as free:
        free.bind(("127.0.0.1", port))


def test_a_directory_that_is_missing_or_none_is_named_with_its_key(tmp_path: Path) -> None:
    (problem,) = find_host_problems(config(tmp_path, database=tmp_path / "absent" / "dcvd.db"))
    assert problem.startswith(f"database.path is {tmp_path}/absent/dcvd.db, but there is no directory")
    (tmp_path / "file").touch()
    (problem,) = find_host_problems(config(tmp_path, database=tmp_path / "file" / "dcvd.db"))
    assert problem.endswith(f"{tmp_path}/file is no directory.")


def test_a_directory_that_this_user_may_not_write_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root every directory may be written, but for those that the kernel itself keeps."""
    database = Path("/proc/sys/dcvd.db") if os.geteuid() == 0 else Path("/usr/dcvd.db")
    (problem,) = find_host_problems(config(tmp_path, database=database))
    assert f"this user may not write {database.parent}" in problem


def test_users_and_groups_that_the_machine_does_not_know_are_named(tmp_path: Path) -> None:
    first, second = find_host_problems(config(tmp_path, operators=("no-such-user", "root", "@no-such-group")))
    assert "'no-such-user'" in first
    assert "'@no-such-group'" in second


def test_an_address_that_another_process_has_is_named_with_its_key(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        (problem,) = find_host_problems(config(tmp_path, port))
    assert problem.startswith(f"server.listen: Cannot listen on 127.0.0.1:{port}: Address already in use.")


def test_addresses_are_not_judged_while_a_daemon_or_systemd_has_the_sockets_open(tmp_path: Path) -> None:
    with socket.socket() as other, socket.socket(socket.AF_UNIX) as held:
        other.bind(("127.0.0.1", 0))
        other.listen()
        held.bind(str(tmp_path / "dcvd.sock"))
        held.listen()
        assert find_host_problems(config(tmp_path, other.getsockname()[1])) == []


@pytest.mark.parametrize(
    ("database", "is_well"),
    [
        ("/var/lib/dcvd/dcvd.db", True),
        ("/var/lib/dcvd/deeper/dcvd.db", True),
        ("/var/lib/dcvd-old/dcvd.db", False),
        ("/home/dcvd.db", False),
        ("/srv/dcvd/dcvd.db", False),  # opened to it, and not there
    ],
)
def test_a_unit_is_judged_by_what_systemd_makes_for_it_and_opens_to_it(
    tmp_path: Path, database: str, is_well: bool
) -> None:
    problems = find_host_problems(config(tmp_path, database=Path(database)), UNIT)
    assert (problems == []) == is_well, problems
