"""What is in force, and where it comes from."""

from pathlib import Path
from typing import Any

import pytest

from dcvd.config import load
from dcvd.config.document import find_lines
from dcvd.config.origins import OriginKind
from dcvd.config.settings import Setting, list_settings, take_over
from tests.config.conftest import ENVIRON, ZONE, Write

FILE = """\
# A comment.

[server]
listen = [
    "127.0.0.1:80", # one
    "[::1]:80",
]
socket = "x.sock"
[cloudflare]
api_token_file = "token"
[log]
level = "info"
[providers]
route53 = { access_key_id = "AKIA1", sts_url = "https://sts.example" }
[oauth.other]
client_id = '''client'''
"""


def settings(path: Path, environ: dict[str, str], **options: Any) -> dict[str, Setting]:
    return {setting.key: setting for setting in list_settings(load(path, environ, **options))}


def test_each_key_says_where_it_comes_from_and_its_line(write: Write, tmp_path: Path) -> None:
    (tmp_path / "token").touch(0o600)
    (tmp_path / "token").write_text("t0ken-of-the-file")
    path = write(FILE)
    environ = {name: value for name, value in ENVIRON.items() if name != "CLOUDFLARE_API_TOKEN"}
    found = settings(path, environ | {"DCVD_LOG__FORMAT": "json"})
    assert len(found) > 150
    listen = found["server.listen"]
    assert (listen.value, listen.line, listen.is_default) == (["127.0.0.1:80", "[::1]:80"], 4, False)
    assert (listen.origin.kind, listen.origin.where) == (OriginKind.FILE, str(path))
    assert (found["server.socket"].value, found["server.socket"].line) == (str(tmp_path / "x.sock"), 8)
    assert (found["log.level"].line, found["log.level"].is_default) == (12, True)
    assert (found["log.format"].origin.where, found["log.format"].value) == ("DCVD_LOG__FORMAT", "json")
    assert (found["providers.route53.access_key_id"].line, found["oauth.other.client_id"].line) == (14, 16)
    assert (found["cloudflare.zone_id"].origin.where, found["cloudflare.zone_id"].value) == ("CLOUDFLARE_ZONE_ID", ZONE)
    token = found["cloudflare.api_token"]
    assert (token.is_secret, token.is_set, token.value) == (True, True, None)
    assert (token.origin.kind, token.origin.where) == (OriginKind.SECRET_FILE, str(tmp_path / "token"))
    timeout = found["webhooks.timeout"]
    assert (timeout.value, timeout.origin.kind, timeout.line, timeout.is_default) == (
        "5s",
        OriginKind.DEFAULT,
        None,
        True,
    )
    assert "t0ken-of-the-file" not in repr(found)


def test_what_a_person_may_not_read_or_nobody_has_set_is_not_set(write: Write) -> None:
    found = settings(write(""), {}, need_cloudflare=False)
    assert [key for key, setting in found.items() if setting.is_secret and setting.is_set] == []
    assert (found["cloudflare.zone_id"].is_set, found["cloudflare.zone_id"].value) == (False, None)
    assert found["cloudflare.api_token"].origin.kind is OriginKind.SECRET_FILE
    assert found["mail.password"].origin.kind is OriginKind.DEFAULT


def test_a_reload_takes_over_origins_with_their_values(write: Write) -> None:
    running = load(write('[log]\nlevel = "debug"\nformat = "json"\n[sync]\ntick = "2s"\n'), ENVIRON)
    loaded = load(write('[log]\nformat = "console"\nlevel = "info"\n[jobs]\nconcurrency = 3\n'), ENVIRON)
    after = take_over(running, loaded)
    found = {setting.key: setting for setting in list_settings(after)}
    assert (found["log.level"].value, found["log.level"].line) == ("info", 3)
    assert (found["sync.tick"].value, found["sync.tick"].origin.kind) == ("1s", OriginKind.DEFAULT)
    assert (found["jobs.concurrency"].value, found["jobs.concurrency"].is_default) == (8, True)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a = 1\nb = 2\n", {"a": 1, "b": 2}),
        ("\ufeffa = 1\r\nb.c = 2\r\n", {"a": 1, "b": 2, "b.c": 2}),
        ('[x]\na = """\n[y]\nb = 1\n"""\nc = 2\n', {"x": 1, "x.a": 2, "x.c": 6}),
        ("[x.y]\na = [\n [1],\n 2]\nb = 1", {"x.y": 1, "x.y.a": 2, "x.y.b": 5}),
        ("[[x]]\n[[x]]\na = 1\n", {"x": 1, "x.a": 3}),
        ("a = 1\nb = \nc = 2\n", {"a": 1}),
        ("", {}),
    ],
)
def test_the_line_of_each_key_is_found(text: str, lines: dict[str, int], tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(text.encode())
    assert find_lines(path) == lines


def test_lines_of_the_documented_file_are_those_of_its_keys(tmp_path: Path) -> None:
    path = Path(__file__).parents[2] / "config" / "dcvd.toml"
    lines = path.read_text().splitlines()
    found = find_lines(path)
    assert len(found) > 150
    for name, number in found.items():
        key = name.rpartition(".")[2]
        assert lines[number - 1].startswith((f"{key} = ", f"[{name}]"))


def test_a_long_list_does_not_take_long(tmp_path: Path) -> None:
    """Each try to read a value that goes on costs as much as the value is long."""
    path = tmp_path / "x.toml"
    path.write_text("a = [\n" + '"10.0.0.0/8",\n' * 20_000 + "]\nb = 1\n")
    assert find_lines(path) == {"a": 1, "b": 20_003}


def test_a_secret_that_may_stand_in_the_file_is_never_shown(write: Write) -> None:
    path = write('[alerts]\nheartbeat_url = "https://hc.example/ping/secret-uuid"\n')
    loaded = load(path, ENVIRON)
    found = {setting.key: setting for setting in list_settings(loaded)}["alerts.heartbeat_url"]
    assert (found.is_secret, found.is_set, found.value, found.line) == (True, True, None, 2)
    assert "secret-uuid" not in repr(loaded)
    given = ENVIRON | {"DCVD_ALERTS__HEARTBEAT_URL": "https://hc.example/ping/other-uuid"}
    assert "other-uuid" not in repr(load(path, given))
    unset = {setting.key: setting for setting in list_settings(load(write(""), ENVIRON))}["alerts.heartbeat_url"]
    assert (unset.is_secret, unset.is_default) == (False, True)
