"""The units in systemd/: what the code relies on always; systemd's own judgement where it is installed."""

import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import click
import pytest

from dcvd.cli.database.backup import backup
from dcvd.config import Config
from dcvd.core.durations import parse_duration

UNITS = Path(__file__).parents[2] / "systemd"
Unit = dict[str, list[str]]


def read(name: str) -> Unit:
    """The settings of a unit; a setting may stand there more than once."""
    settings: defaultdict[str, list[str]] = defaultdict(list)
    for line in (UNITS / name).read_text().splitlines():
        if line and not line.startswith(("#", "[")):
            key, separator, value = line.partition("=")
            assert separator, line
            settings[key].append(value)
    return dict(settings)


def analyze(*arguments: str, directory: Path) -> None:
    """Runs systemd-analyze where there is one that judges files without a running systemd (250 or later)."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    banner = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    version = re.match(r"systemd (\d+)", banner)
    if version is None or int(version[1]) < 250:
        pytest.skip(f"systemd-analyze is older than 250: {banner}")
    done = subprocess.run([program, *arguments], cwd=directory, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def runnable(tmp_path: Path) -> Path:
    """The units with a program that exists on this machine."""
    for name in ("dcvd.service", "dcvd-backup.service"):
        service = (UNITS / name).read_text()
        (tmp_path / name).write_text(re.sub(r"(?m)^(Exec\w+=)/opt\S+", r"\1/bin/true", service))
    for name in ("dcvd.socket", "dcvd-backup.timer"):
        shutil.copy(UNITS / name, tmp_path)
    return tmp_path


def test_the_service_is_watched_and_restarted_but_not_after_bad_configuration(runnable: Path) -> None:
    unit = read("dcvd.service")
    assert unit["Type"] == ["notify"]
    assert unit["ExecStart"] == ["/opt/dcvd/bin/dcvd serve --config /etc/dcvd/dcvd.toml"]
    assert unit["Restart"] == ["always"]
    assert unit["RestartPreventExitStatus"] == ["78"]
    assert int(unit["WatchdogSec"][0]) >= 10
    analyze("verify", "./dcvd.service", "./dcvd.socket", directory=runnable)


def test_the_service_is_confined(runnable: Path) -> None:
    unit = read("dcvd.service")
    for setting in (
        "DynamicUser", "PrivateTmp", "PrivateDevices", "ProtectHome", "ProtectClock", "ProtectControlGroups",
        "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "NoNewPrivileges",
        "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "LockPersonality", "MemoryDenyWriteExecute",
    ):  # fmt: skip
        assert unit[setting] == ["yes"], setting
    assert unit["ProtectSystem"] == ["strict"]
    assert unit["CapabilityBoundingSet"] == [""]
    assert unit["RestrictAddressFamilies"] == ["AF_UNIX AF_INET AF_INET6"]
    assert "PrivateUsers" not in unit, "operators would all be user 65534 on the unix socket"
    analyze("security", "--offline=true", "--threshold=12", "./dcvd.service", directory=runnable)


def test_the_service_gives_the_orderly_stop_more_time_than_it_takes() -> None:
    stop = parse_duration(read("dcvd.service")["TimeoutStopSec"][0] + "s")
    assert stop >= Config().server.shutdown_timeout + 5000


def test_the_credential_has_the_name_that_the_configuration_looks_for() -> None:
    assert [line.partition(":")[0] for line in read("dcvd.service")["LoadCredential"]] == [
        Config().cloudflare.api_token_file
    ]


def test_the_database_lies_in_the_state_directory() -> None:
    assert Config().database.path.parent == Path("/var/lib") / read("dcvd.service")["StateDirectory"][0]


def test_the_sockets_are_those_of_the_default_configuration_and_outlive_the_service() -> None:
    unit, server = read("dcvd.socket"), Config().server
    assert unit["ListenStream"] == [str(server.socket), *map(str, server.listen)]
    assert int(unit["SocketMode"][0], 8) == server.socket_mode
    runtime = Path("/run") / read("dcvd.service")["RuntimeDirectory"][0]
    assert not server.socket.is_relative_to(runtime)


def test_the_key_that_may_be_handed_over_has_the_name_that_is_told_beside_it() -> None:
    told = (UNITS / "dcvd.service").read_text()
    (name, path) = re.findall(r"^# LoadCredential=(encryption-key):(\S+)$", told, re.MULTILINE)[0]
    assert f'key_file = "{name}" in [vault]' in told
    assert f"dcvd vault keygen --output {path}" in told


def test_backups_are_made_each_day_by_the_daemons_own_user_and_the_newest_are_kept(runnable: Path) -> None:
    unit, timer = read("dcvd-backup.service"), read("dcvd-backup.timer")
    (command,) = unit["ExecStart"]
    _, *arguments = command.split()
    directory = Path(arguments[arguments.index("--directory") + 1])
    assert [str(directory.parent / name) for name in unit["StateDirectory"][0].split()] == [
        str(Config().database.path.parent),
        str(directory),
    ]
    # The user of a service without a name for it has the name of the service.
    assert (unit["DynamicUser"], unit["User"]) == (read("dcvd.service")["DynamicUser"], ["dcvd"])
    with click.Context(backup) as context:
        backup.parse_args(context, arguments[1:])
    assert context.params["keep"] >= 7
    assert (timer["OnCalendar"], timer["Persistent"]) == (["daily"], ["yes"])
    analyze("verify", "./dcvd-backup.service", "./dcvd-backup.timer", directory=runnable)
    analyze("security", "--offline=true", "--threshold=12", "./dcvd-backup.service", directory=runnable)
