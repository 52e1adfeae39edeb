"""`dcvd status`, on the database and over the socket."""

import os

import msgspec

from tests.cli.conftest import ServedHouse
from tests.cli.processes import House
from tests.cli.terminal.terminals import run_in_terminal


def status_of(house: House) -> tuple[int, dict[str, object]]:
    done = house.dcvd("status", "--json")
    assert done.stderr == ""
    return done.returncode, _read(done.stdout)


def _read(text: str) -> dict[str, object]:
    answer: dict[str, dict[str, object]] = msgspec.json.decode(text)
    return answer["status"]


def test_without_a_daemon_it_reads_the_database_and_needs_the_operator(house: House) -> None:
    house.given_a_database()
    code, status = status_of(house)
    assert (code, status["daemon"], status["needsOperator"]) == (1, None, True)
    done = house.dcvd("status")
    assert done.returncode == 1
    assert "No daemon runs, so nothing is checked and nothing is sent." in done.stdout
    assert "> systemctl start dcvd, or dcvd serve." in done.stdout


def test_to_look_changes_nothing_so_the_last_change_stays_as_old_as_it_is(house: House) -> None:
    house.given_a_database()
    before = os.stat(house.database).st_mtime_ns
    told = [status_of(house)[1]["lastCommitAt"] for _ in range(2)]
    assert told[0] == told[1] is not None
    assert os.stat(house.database).st_mtime_ns == before


def test_over_the_socket_it_says_what_serves(served: ServedHouse) -> None:
    _, status = status_of(served)
    daemon = status["daemon"]
    assert isinstance(daemon, dict)
    assert (daemon["addresses"], daemon["socket"]) == ([served.url], str(served.socket))
    assert isinstance(status["parts"], list)
    assert {"store", "cloudflare", "token", "sync", "jobs", "deliveries", "disk", "backup"} <= {
        part["part"] for part in status["parts"]
    }


def test_in_a_terminal_of_60_columns_no_line_is_wider(served: ServedHouse) -> None:
    shown = run_in_terminal("status", "--config", str(served.config), columns=60, environ={"NO_COLOR": "1"})
    assert 20 <= len(shown.lines) <= 40
    assert max(map(len, shown.lines)) <= 60
    assert shown.lines[0].startswith("dcvd ")


def test_without_a_database_it_says_so(house: House) -> None:
    done = house.dcvd("status", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert "There is no database at" in done.stderr
