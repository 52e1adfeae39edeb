"""Keys of the configuration in the environment of whole processes."""

import os
import signal
from collections.abc import Sequence

import msgspec
import pytest

from tests.cli.processes import DEADLINE, House, dcvd, running

TOKEN = {"CLOUDFLARE_API_TOKEN": "sandbox-token"}
BAD = {"DCVD_LOG__LEVEL": "loud", "DCVD_SERVER__LISTEM": "x"}


@pytest.mark.parametrize(
    "arguments",
    [("serve",), ("check-config",), ("org", "list"), ("health",), ("audit", "verify"), ("backup", "/none/x")],
    ids=" ".join,
)
def test_every_command_refuses_bad_variables_as_a_bad_file(house: House, arguments: Sequence[str]) -> None:
    done = dcvd(*arguments, "--config", str(house.config), environ=TOKEN | BAD)
    assert (done.returncode, done.stdout) == (os.EX_CONFIG, "")
    wrong, unknown = sorted(done.stderr.splitlines())
    assert wrong.startswith('$DCVD_LOG__LEVEL is "loud": expected one of')
    assert unknown.startswith("$DCVD_SERVER__LISTEM is not the variable of a known key")


def test_a_command_uses_the_database_that_a_variable_names(house: House) -> None:
    elsewhere = {"DCVD_DATABASE__PATH": str(house.database.with_name("other.db"))}
    assert dcvd("org", "create", "Acme", "--config", str(house.config), environ=elsewhere).returncode == 0
    assert house.database.with_name("other.db").exists()
    assert not house.database.exists()


def test_check_config_names_the_variables_that_won(house: House) -> None:
    done = dcvd("check-config", "--json", "--config", str(house.config), environ=TOKEN | {"DCVD_LOG__LEVEL": "error"})
    assert set(msgspec.json.decode(done.stdout)["fromEnvironment"]) == {"CLOUDFLARE_API_TOKEN", "DCVD_LOG__LEVEL"}


def test_a_reload_reads_the_file_anew_and_keeps_what_a_variable_sets(house: House) -> None:
    environ = TOKEN | {"DCVD_SYNC__TICK": "2s"}
    with running("serve", "--config", str(house.config), environ=environ) as daemon:
        assert daemon.stderr is not None
        lines = iter(daemon.stderr.readline, "")
        loaded = next(line for line in lines if '"config.loaded"' in line)
        assert set(msgspec.json.decode(loaded)["from_environment"]) == set(environ)
        next(line for line in lines if '"daemon.started"' in line)
        house.config.write_text(
            f'{house.config.read_text()}\n[sync]\ntick = "3s"\nprobe = "never"\n'  # the variable wins over the tick
        )
        daemon.send_signal(signal.SIGHUP)
        reloaded = msgspec.json.decode(next(line for line in lines if '"daemon.reloaded"' in line))
        assert reloaded["taken_over"] == ["sync.probe"]
        assert set(reloaded["from_environment"]) == set(environ)
        daemon.send_signal(signal.SIGTERM)
        daemon.stderr.read()
        assert daemon.wait(DEADLINE) == 0
