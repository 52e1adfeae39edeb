"""The demo as a person sees it: a process of its own."""

import re
import signal
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from dcvd.cli.demo.place import socket_path
from dcvd.errors import DcvdError
from tests.cli.processes import DEADLINE, dcvd, environment, running

STORY = [
    r"✓ Cloudflare +http://127\.0\.0\.1:\d+/client/v4",
    r"✓ dcvd +http://127\.0\.0\.1:\d+ \(log in .*/dcvd\.log\)",
    r"✓ org_[0-9a-z]{26}$",
    r"✓ dcv_live_[0-9a-f]{32}$",
    r"✓ wh_[0-9a-z]{26}$",
    r"app\.customer\.test +CNAME +edge\.sandbox\.test$",
    r"✓ http://127\.0\.0\.1:\d+/connect/dcv_link_[0-9a-f]{32} ",
    r"✓ http://127\.0\.0\.1:\d+/dashboard ",
    r"s ✓ domain\.added ",
    r"s ✓ dns\.check_failed +No CNAME exists for app\.customer\.test\. Create this record: type CNAME",
    r"PUT /sandbox/dns/app\.customer\.test/CNAME",
    r"s ✓ dns\.verified ",
    r"s ✓ domain\.active +app\.customer\.test serves https",
    r"status +active$",
    r"ready +true$",
    r"certificate +until \d{4}-\d\d-\d\d \d\d:\d\d UTC$",
    r"webhooks +\d+ received; both signatures of each were verified",
]
CONNECTED = [
    *STORY[:5],
    r"http://127\.0\.0\.1:\d+/oauth2/auth\?response_type=code&",
    r"✓ conn_[0-9a-z]{26}$",
    r"account +Customer Inc\.$",
    r"may +zone\.read, dns\.read, dns\.write, offline_access$",
    r"app\.customer\.test +CNAME +edge\.sandbox\.test$",
    r"the zone customer\.test, and does nothing yet",
    r"create +app\.customer\.test +CNAME +edge\.sandbox\.test$",
    r"✓ job_[0-9a-z]{26} ",
    *STORY[11:15],
    r"in the zone +app\.customer\.test CNAME edge\.sandbox\.test \(Written by dcvd\)$",
    *STORY[16:],
]


def left_behind(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def told_in_order(shown: str, story: list[str]) -> None:
    lines = iter(shown.splitlines())
    for expected in story:
        assert any(re.search(expected, line) for line in lines), f"{expected} is missing in\n{shown}"


def test_once_it_tells_the_whole_story_in_order_and_leaves_nothing(tmp_path: Path) -> None:
    done = dcvd("demo", "--once", environ={"TMPDIR": str(tmp_path)})
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    told_in_order(done.stdout, STORY)
    # What the API answers is looked at now and then: the script waits for this, and may miss what lasts a moment.
    assert re.search(r"^ +\d+\.\d s · pending_cname +Cloudflare: hostname pending", done.stdout, re.MULTILINE)
    assert left_behind(tmp_path) == []


@pytest.mark.sweep
def test_connected_it_writes_the_record_itself_and_leaves_nothing(tmp_path: Path) -> None:
    done = dcvd("demo", "--once", "--connect", environ={"TMPDIR": str(tmp_path)})
    assert (done.returncode, done.stderr) == (0, "")
    told_in_order(done.stdout, CONNECTED)
    assert left_behind(tmp_path) == []


@pytest.mark.sweep
def test_it_goes_on_by_its_own_commands_until_ctrl_c_and_then_leaves_nothing(tmp_path: Path) -> None:
    with running("demo", environ={"TMPDIR": str(tmp_path)}) as process:
        assert process.stdout is not None
        renew = _line_with(process, "/renew")
        be_operator = _line_with(process, "dcvd dashboard --config")
        _line_with(process, "/schema")
        # The very command that it shows, without curl: the URL and the body.
        subprocess.run(
            [sys.executable, "-c", _POST, renew.split()[-1]], check=True, timeout=DEADLINE, env=environment()
        )
        sign_in = dcvd(*be_operator.split()[1:])
        assert re.match(r"http://127\.0\.0\.1:\d+/sign-in/operator/dcv_signin_", sign_in.stdout)
        assert "✓ domain.renewed" in _line_with(process, "domain.renewed")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, err) == (0, "")
    assert re.search(r"(^|\n)\nStopped\. .*Goodbye\.\n$", out)
    assert left_behind(tmp_path) == []


@pytest.mark.sweep
@pytest.mark.parametrize("line", ["demo:", "dns.check_failed"])
def test_an_interruption_in_the_middle_leaves_nothing_and_shows_no_traceback(tmp_path: Path, line: str) -> None:
    with running("demo", "--once", environ={"TMPDIR": str(tmp_path)}) as process:
        _line_with(process, line)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)  # an impatient person does no harm
        _, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, err) == (130, "")
    assert left_behind(tmp_path) == []


@pytest.mark.sweep
def test_a_reader_who_leaves_ends_it_without_a_word(tmp_path: Path) -> None:
    with running("demo", "--once", environ={"TMPDIR": str(tmp_path)}) as process:
        assert process.stdout is not None
        _line_with(process, "API token")
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
        assert process.wait(DEADLINE) == 1
    assert left_behind(tmp_path) == []


@pytest.mark.sweep
def test_a_story_that_does_not_end_in_time_fails_with_what_was_last_seen(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _IN_A_HURRY],
        env=environment({"TMPDIR": str(tmp_path)}),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    told, *log = done.stderr.splitlines()
    assert re.match(r"The domain is not active after 0\.5 seconds; what was last seen: the \w+", told)
    assert log[0] == "The end of the log:"
    assert left_behind(tmp_path) == []


@pytest.mark.sweep
def test_where_the_temporary_directory_is_too_long_for_a_socket_it_is_put_elsewhere_and_only_there_for_its_user(
    tmp_path: Path,
) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    with running("demo", environ={"TMPDIR": str(deep)}) as process:
        _line_with(process, "/schema")
        (configuration,) = deep.glob("*/dcvd.toml")
        configured = tomllib.loads(configuration.read_text())
        came_back = configured["oauth"]["cloudflare"]["redirect_uris"][0]
        assert came_back == f"{configured['server']['public_url']}/oauth/callback/cloudflare"
        socket = Path(configured["server"]["socket"])
        assert stat.S_ISSOCK(socket.stat().st_mode)
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, err) == (0, "")
    assert left_behind(deep) == []
    assert not socket.parent.exists()


def test_where_no_directory_is_short_enough_it_says_how_long_the_path_is_and_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    with pytest.raises(DcvdError) as caught, socket_path(deep, (deep, tmp_path / "none")):
        pass
    assert caught.value.code == "no_place_for_socket"
    assert f"{deep}/dcvd.sock has {len(bytes(deep)) + 10} bytes, of which a socket's path may have 107" in str(
        caught.value
    )
    assert f"({deep}: too long; {tmp_path}/none: No such file or directory)" in str(caught.value)
    assert "Set $TMPDIR" in str(caught.value)
    assert left_behind(deep) == []


_POST = """
import sys, urllib.request
urllib.request.urlopen(urllib.request.Request(sys.argv[1], data=b'{"days":180}', method="POST"), timeout=60).close()
"""
_IN_A_HURRY = """
import asyncio, sys
from dcvd.cli.demo.narrator import Narrator
from dcvd.cli.demo.script import run_demo
from dcvd.cli.terminal.style import TerminalStyle
from dcvd.errors import DcvdError
try:
    asyncio.run(run_demo(Narrator(sys.stdout, TerminalStyle(colours=False)), once=True, deadline_s=0.5))
except DcvdError as error:
    print(error.message, file=sys.stderr)
"""


def _line_with(process: "subprocess.Popen[str]", text: str) -> str:
    assert process.stdout is not None
    while line := process.stdout.readline():
        if text in line:
            return line
    raise AssertionError(f"it ended without {text!r}: {process.communicate()}")
