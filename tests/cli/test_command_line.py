"""Help that teaches, exit codes, and sentences instead of tracebacks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from dcvd import __version__
from dcvd.__main__ import main as entry_point
from dcvd.cli.command_groups import COMMAND_GROUPS
from dcvd.cli.main import DEFERRED_COMMANDS, run
from dcvd.errors import ConfigError, DatabaseLocked, DatabaseUnusable, DcvdError
from tests.cli.processes import House, dcvd

COMMANDS = [
    ("demo",),
    ("serve",),
    ("check-config",),
    ("config",),
    ("config", "show"),
    ("config", "defaults"),
    ("config", "check"),
    ("version",),
    ("completion",),
    ("bugreport",),
    ("export",),
    ("apply",),
    ("org",),
    ("org", "create"),
    ("org", "list"),
    ("token",),
    ("token", "create"),
    ("token", "list"),
    ("token", "revoke"),
    ("sandbox",),
    ("backup",),
    ("diagnose",),
    ("domain",),
    ("domain", "import"),
    ("renewals",),
    ("event-schema",),
    ("domain-connect",),
    ("domain-connect", "keygen"),
    ("domain-connect", "template"),
    ("domain-connect", "txt"),
    ("vault",),
    ("vault", "keygen"),
    ("vault", "rotate"),
    ("vault", "status"),
]
ON_THE_DAEMON_OR_ITS_DATABASE = [
    each
    for each in COMMANDS
    if each
    not in [
        ("demo",),
        ("sandbox",),
        ("org",),
        ("token",),
        ("domain",),
        ("event-schema",),
        ("config",),
        ("config", "defaults"),
        ("completion",),
        ("domain-connect",),
        ("domain-connect", "keygen"),
        ("vault",),
        ("vault", "keygen"),
    ]
]


def test_help_names_every_command_the_first_steps_and_the_exit_codes() -> None:
    done = dcvd("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for expected in (
        "demo",
        "serve",
        "check-config",
        "org",
        "token",
        "sandbox",
        "backup",
        "diagnose",
        "vault",
        "First steps:",
        "78 bad config",
    ):
        assert expected in done.stdout


def test_every_command_has_one_place_in_the_help() -> None:
    names = [name for lines in COMMAND_GROUPS.values() for names, _ in lines for name in names]
    assert sorted(set(names)) == sorted(names)
    assert set(DEFERRED_COMMANDS) - set(names) == set()


@pytest.mark.parametrize(("columns", "lines"), [(80, 50), (60, 70), (120, 50)])
def test_the_help_is_one_screen(columns: int, lines: int) -> None:
    shown = dcvd("--help", environ={"COLUMNS": str(columns)}).stdout.splitlines()
    assert len(shown) <= lines
    assert max(map(len, shown)) <= columns


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_teaches_by_example(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "Examples:\n    dcvd " in shown or "Examples:\n    TOKEN=" in shown


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_sentence_of_a_help_has_a_gap(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    run([*command, "--help"])
    sentences = capsys.readouterr().out.partition("\nOptions:\n")[0]
    assert [line for line in sentences.splitlines() if "  " in line.strip()] == []


@pytest.mark.parametrize("command", ON_THE_DAEMON_OR_ITS_DATABASE, ids=" ".join)
def test_every_command_on_the_daemon_or_its_database_takes_a_config(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    run([*command, "--help"])
    assert "--config FILE" in capsys.readouterr().out


def test_the_version_is_one_line() -> None:
    done = dcvd("--version")
    assert (done.returncode, done.stdout) == (0, f"dcvd {__version__}\n")


def test_only_what_runs_a_daemon_waits_for_a_web_framework_and_only_what_needs_them_for_public_suffixes() -> None:
    modules = {deferred.module for name, deferred in DEFERRED_COMMANDS.items() if name not in ("serve", "demo")}
    assert len(modules) == len(DEFERRED_COMMANDS) - 2
    script = (
        f"import sys, {', '.join(sorted(modules))}\n"
        "from dcvd.core.dns.top_level_domains import read_suffixes\n"
        "print('aiohttp' in sys.modules, 'litestar' in sys.modules, read_suffixes.cache_info().currsize)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "True False 0\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["statsu"], "No such command 'statsu'. Did you mean 'status'?"),
        (["domain", "lst"], "Did you mean 'list'?"),
        (["org", "create"], "Missing argument 'NAME'"),
        (["token", "create", "--name", "ci"], "Missing option '--org'"),
        (["token", "create", "--org", "a", "--name", "ci", "--role", "king"], "'king' is not one of"),
        (["token", "create", "--org", "a", "--name", "ci", "--expires-in", "soon"], "a duration is an integer and one"),
        (["token", "create", "--org", "a", "--name", "ci", "--expires-in", "0d"], "0d is not between 1ms and 36500d"),
        (["token", "create", "--org", "a", "--name", "ci", "--json", "--quiet"], "exclude each other"),
        (["token", "revoke", "--org", "a", "../x"], "is no token's id: one is token_ and 26 characters behind it"),
        (["sandbox", "--api", "8787"], "has no port"),
        (["sandbox", "--dns", "192.0.2.1:53"], "is not a loopback address"),
    ],
)
def test_wrong_usage_is_2_and_says_what_is_wrong(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert complaint in told.err


def test_a_process_reports_wrong_usage_as_2() -> None:
    assert dcvd("org", "nonsense").returncode == 2


def test_a_configuration_that_is_not_there_is_78_without_a_traceback(tmp_path: Path) -> None:
    done = dcvd("org", "list", environ={"DCVD_CONFIG": str(tmp_path / "none.toml")})
    assert (done.returncode, done.stdout) == (os.EX_CONFIG, "")
    assert done.stderr.startswith(f"There is no configuration file {tmp_path}/none.toml")
    assert len(done.stderr.splitlines()) == 1


def test_serve_reports_a_bad_configuration_as_78(tmp_path: Path) -> None:
    done = dcvd("serve", "--config", str(tmp_path / "none.toml"))
    assert (done.returncode, done.stdout) == (os.EX_CONFIG, "")
    assert "none.toml" in done.stderr


def test_debugging_adds_the_traceback(house: House) -> None:
    house.given_a_database()
    done = dcvd("token", "list", "--org", "x", "--config", str(house.config), environ={"DCVD_DEBUG": "1"})
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback (most recent call last):")
    assert done.stderr.endswith("There is no organization 'x'; `dcvd org list` shows those that exist.\n")


@pytest.mark.parametrize(
    ("failure", "code", "told"),
    [
        (DcvdError("It went wrong."), 1, "It went wrong.\n"),
        (DatabaseLocked("It is locked."), 75, "It is locked.\n"),
        (ConfigError(["One.", "Two."]), 78, "One.\nTwo.\n"),
        (DatabaseUnusable("It is damaged."), 78, "It is damaged.\n"),
        (
            PermissionError(13, "Permission denied", "/x"),
            1,
            "The system refused: [Errno 13] Permission denied: '/x'.\n",
        ),
        (
            KeyError("key"),
            1,
            "This is a fault in dcvd: KeyError: 'key'. Run it again with DCVD_DEBUG=1 to see where.\n",
        ),
        (KeyboardInterrupt(), 130, "\n"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_a_failure_becomes_its_exit_code_and_its_sentence(
    failure: BaseException,
    code: int,
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise failure

    monkeypatch.delenv("DCVD_DEBUG", raising=False)
    assert run([], click.Command("fail", callback=fail)) == code
    assert capsys.readouterr() == ("", told)


@pytest.mark.parametrize(
    ("failure", "code", "told"),
    [
        (DatabaseLocked("It is locked."), 75, {"code": "database_locked", "message": "It is locked."}),
        (ConfigError(["One.", "Two."]), 78, {"code": "bad_configuration", "message": "One. Two."}),
        (PermissionError(13, "Denied", "/x"), 1, {"code": "system_error"}),
        (KeyError("key"), 1, {"code": "internal_error"}),
        (DcvdError("No file \udcff."), 1, {"message": "No file \\udcff."}),
        (click.UsageError("Give a name."), 2, {"code": "wrong_usage", "message": "Give a name."}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_with_json_a_failure_is_one_line_of_json(
    failure: BaseException, code: int, told: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command("fail")
    @click.option("--json", is_flag=True)
    @click.argument("names", nargs=-1)
    def fail(**_: object) -> None:
        raise failure

    assert run(["--json"], fail) == code
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    error = json.loads(err)["error"]
    assert {name: error[name] for name in told} == told
    assert " ".join(error["problems"]) == error["message"]
    assert run(["--", "--json"], fail) == code
    assert not capsys.readouterr().err.startswith("{")


def test_the_entry_point_of_the_package_is_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["dcvd", "--version"])
    with pytest.raises(SystemExit) as ended:
        entry_point()
    assert (ended.value.code, capsys.readouterr().out) == (0, f"dcvd {__version__}\n")
