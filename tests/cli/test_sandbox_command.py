import signal
import socket
import urllib.request

import msgspec
import pytest

from dcvd.sandbox.control.guide import format_guide
from tests.cli.processes import DEADLINE, dcvd, running

pytestmark = pytest.mark.sweep


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_it_tells_where_it_listens_and_serves_until_a_signal(number: signal.Signals) -> None:
    with running(
        "sandbox", "--api", "127.0.0.1:0", "--dns", "127.0.0.1:0", "--edge", "127.0.0.1:0", "--json"
    ) as process:
        assert process.stdout is not None
        told = msgspec.json.decode(process.stdout.readline())
        assert (told["token"], told["target"]) == ("sandbox-token", "edge.sandbox.test")
        with urllib.request.urlopen(f"{told['control']}/state", timeout=60) as response:
            assert msgspec.json.decode(response.read())["zoneId"] == told["zoneId"]
        process.send_signal(number)
        out, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in err


def test_people_get_lines_to_try() -> None:
    with running("sandbox", "--api", "127.0.0.1:0", "--dns", "127.0.0.1:0", "--edge", "127.0.0.1:0") as process:
        assert process.stdout is not None
        told = [process.stdout.readline()]
        while "Ctrl-C" not in told[-1]:
            told.append(process.stdout.readline())
    shown = "".join(told)
    assert "by Cloudflare's clock only" in shown
    for expected in (
        "customer.test",
        "/oauth2/auth, client sandbox-client",
        "/tokens -d",
        "sandbox-token",
        "/dns/app.customer.test/CNAME -d",
        '/clock -d \'{"advance":"2d"}\'',
        "/faults",
    ):
        assert expected in shown


def test_the_help_shows_how_to_steer_it_line_by_line() -> None:
    shown = [line.strip() for line in dcvd("sandbox", "--help").stdout.splitlines()]
    for line in format_guide().splitlines():
        assert line.strip() in shown


@pytest.mark.parametrize("option", ["--api", "--dns", "--edge"])
def test_a_port_that_is_taken_is_one_sentence(option: str) -> None:
    free = {"--api": "127.0.0.1:0", "--dns": "127.0.0.1:0", "--edge": "127.0.0.1:0"}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        free[option] = f"127.0.0.1:{port}"
        done = dcvd("sandbox", *(part for pair in free.items() for part in pair))
    assert (done.returncode, done.stdout) == (1, "")
    sentence = done.stderr.splitlines()[-1]
    assert str(port) in sentence
    assert option in sentence
    assert "Traceback" not in done.stderr
