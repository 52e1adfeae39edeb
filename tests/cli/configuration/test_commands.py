"""`dcvd config`, with a daemon, without one, and with one that cannot be reached."""

import os
import signal
import tomllib
from pathlib import Path
from typing import Any

import pytest

from dcvd.cli.configuration.text import format_value
from dcvd.config import load
from tests.cli.processes import DEADLINE, House, answer, dcvd, running

DOCUMENTED = Path(__file__).parents[3] / "config" / "dcvd.toml"
TOKEN = {"CLOUDFLARE_API_TOKEN": "sandbox-token"}


def shown(house: House, *options: str, **environ: str) -> Any:
    done = dcvd("config", "show", "--json", *options, "--config", str(house.config), environ=TOKEN | environ)
    return answer(done)["configuration"]


def by_key(configuration: Any) -> dict[str, Any]:
    return {setting["key"]: setting for setting in configuration["settings"]}


def test_without_a_daemon_it_is_what_one_would_start_with(house: House) -> None:
    configuration = shown(house, DCVD_LOG__LEVEL="debug")
    assert (configuration["running"], configuration["path"]) == (False, str(house.config))
    assert configuration["pending"] == {"reload": [], "restart": [], "problems": []}
    found = by_key(configuration)
    assert found["log.level"] == {
        "key": "log.level",
        "value": "debug",
        "secret": False,
        "set": True,
        "origin": "environment",
        "where": "DCVD_LOG__LEVEL",
        "line": None,
        "default": False,
        "reload": True,
    }
    assert (found["cloudflare.api_token"]["set"], found["cloudflare.api_token"]["value"]) == (True, None)
    assert found["server.socket"]["where"] == str(house.config)


def test_only_what_was_changed(house: House) -> None:
    found = by_key(shown(house, "--changed"))
    assert set(found) == {
        "server.listen",
        "server.socket",
        "database.path",
        "database.lock_wait",
        "cloudflare.base_url",
        "cloudflare.api_token",
        "cloudflare.zone_id",
        "cloudflare.cname_target",
    }


def test_as_text_it_is_toml_that_means_the_same_and_has_no_secret(house: House, tmp_path: Path) -> None:
    done = dcvd("config", "show", "--config", str(house.config), environ=TOKEN)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"  # {house.config}:" in done.stdout
    assert "# api_token is set, by $CLOUDFLARE_API_TOKEN" in done.stdout
    assert "sandbox-token" not in done.stdout
    (tmp_path / "again").mkdir()
    again = tmp_path / "again" / "dcvd.toml"
    again.write_text(done.stdout)
    assert load(again, TOKEN).config == load(house.config, TOKEN).config


def test_the_running_daemon_says_what_it_has_and_what_its_file_would_change(house: House) -> None:
    environ = TOKEN | {"DCVD_SYNC__TICK": "2s"}
    with running("serve", "--config", str(house.config), environ=environ) as daemon:
        assert daemon.stderr is not None
        assert any('"daemon.started"' in line for line in iter(daemon.stderr.readline, ""))
        before = house.config.read_text()
        house.config.write_text(f'{before}\n[webhooks]\ntimeout = "6s"\nconcurrency = 3\n[sync]\ntick = "3s"\n')
        configuration = shown(house)
        assert configuration["running"] is True
        assert configuration["pending"] == {
            "reload": ["webhooks.timeout"],
            "restart": ["webhooks.concurrency"],
            "problems": [],
        }
        found = by_key(configuration)
        assert (found["sync.tick"]["value"], found["sync.tick"]["where"]) == ("2s", "DCVD_SYNC__TICK")
        assert found["webhooks.timeout"]["value"] == "5s"
        told = dcvd("config", "show", "--config", str(house.config), environ=TOKEN).stdout
        assert f"# In force in the daemon, whose file is {house.config}" in told
        assert "# Changed in the file; systemctl reload dcvd takes over: webhooks.timeout\n" in told
        assert "# Changed in the file; only a restart takes over: webhooks.concurrency\n" in told
        assert tomllib.loads(told)["webhooks"]["timeout"] == "5s"
        daemon.send_signal(signal.SIGHUP)
        assert any('"daemon.reloaded"' in line for line in iter(daemon.stderr.readline, ""))
        configuration = shown(house)
        assert configuration["pending"]["reload"] == []
        assert by_key(configuration)["webhooks.timeout"]["value"] == "6s"
        daemon.send_signal(signal.SIGTERM)
        daemon.stderr.read()
        assert daemon.wait(DEADLINE) == 0


def test_a_file_that_a_reload_would_refuse_is_told_with_the_reason(served: House, tmp_path: Path) -> None:
    before = served.config.read_text()
    own = tmp_path / "own.toml"
    own.write_text(before)
    try:
        served.config.write_text(f"{before}\n[log]\nlevel = 'loud'\n")
        configuration = answer(dcvd("config", "show", "--json", "--config", str(own)))["configuration"]
        (problem,) = configuration["pending"]["problems"]
        assert problem.startswith('log.level is "loud"')
        told = dcvd("config", "show", "--config", str(own)).stdout
        assert '# A reload or a restart would fail: log.level is "loud"' in told
    finally:
        served.config.write_text(before)


def test_a_bad_file_is_78_and_a_socket_that_may_not_be_used_is_told(house: House) -> None:
    house.config.write_text("[log]\nlevel = 'loud'\n")
    done = dcvd("config", "show", "--json", "--config", str(house.config))
    assert (done.returncode, done.stdout) == (os.EX_CONFIG, "")
    assert '"code":"bad_configuration"' in done.stderr


def test_the_defaults_are_the_documented_file(house: House) -> None:
    done = dcvd("config", "defaults")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == DOCUMENTED.read_text()


def test_config_check_is_check_config(house: House) -> None:
    house.config.write_text("[log]\nlevel = 'loud'\n")
    outcomes = [
        dcvd(*command, "--config", str(house.config), environ=TOKEN)
        for command in (["config", "check"], ["check-config"])
    ]
    assert outcomes[0].stderr == outcomes[1].stderr != ""
    assert {done.returncode for done in outcomes} == {os.EX_CONFIG}


@pytest.mark.parametrize("value", ["a\"b\\c\n\x7fä", True, 5, ["a", "b"], {"a.b": ["c"], "d": []}, []])  # fmt: skip
def test_a_value_is_written_as_toml_reads_it(value: object) -> None:
    assert tomllib.loads(f"value = {format_value(value)}") == {"value": value}
