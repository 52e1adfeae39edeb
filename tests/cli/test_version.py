"""`dcvd version`: what runs here."""

import platform
import sqlite3
from pathlib import Path

import pytest

from dcvd import __version__
from dcvd.cli import version
from dcvd.store.engine.migrate import load_migrations
from tests.cli.processes import House, answer, dcvd
from tests.cli.test_health import answering


def test_it_says_all_that_a_report_needs(house: House) -> None:
    found = answer(house.dcvd("version", "--json"))
    assert found["version"] == __version__
    assert found["python"].endswith(platform.python_version())
    assert found["sqlite"] == sqlite3.sqlite_version
    assert (found["sqlite_note"] is None) == (sqlite3.sqlite_version_info >= (3, 51, 3))
    assert found["openssl"].startswith("OpenSSL ")
    assert found["schema"] == len(load_migrations()) > 5
    assert found["platform"]
    assert found["extras"]["alerts"][0].startswith("apprise ")
    assert "test" not in found["extras"]
    assert found["daemon"] is None


def test_as_text_it_is_a_fact_a_line(house: House) -> None:
    told = house.dcvd("version")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.splitlines()[0].split() == ["dcvd", __version__]
    assert "none answers" in told.stdout


def test_the_daemon_that_runs_is_named_with_its_version(served: House) -> None:
    assert answer(served.dcvd("version", "--json"))["daemon"] == __version__
    assert "restart" not in served.dcvd("version").stdout


def test_a_daemon_of_another_version_is_to_be_restarted(house: House) -> None:
    body = b'{"status":"ok","version":"0.0.1"}'
    with answering(house, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)):
        told = house.dcvd("version").stdout
    assert "0.0.1, which is another: restart it" in told


@pytest.mark.parametrize("reply", [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", b"SSH-2.0\r\n", b""])
def test_whatever_else_answers_has_no_version(house: House, reply: bytes) -> None:
    with answering(house, reply):
        assert answer(house.dcvd("version", "--json"))["daemon"] is None


def test_without_a_configuration_it_says_the_rest(tmp_path: Path) -> None:
    found = answer(dcvd("version", "--json", "--config", str(tmp_path / "none.toml")))
    assert (found["version"], found["daemon"]) == (__version__, None)


def test_a_sqlite_that_can_corrupt_a_shared_file_is_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, has_note in (((3, 51, 2), True), ((3, 51, 3), False)):
        monkeypatch.setattr(sqlite3, "sqlite_version_info", number)
        assert (version.find_versions(house.config).sqlite_note is not None) is has_note
