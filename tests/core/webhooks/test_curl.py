"""The command that repeats a delivery, run by a real shell."""

import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dcvd.core.webhooks.curl import curl_command
from tests.core.webhooks.attempts import URL

SH = shutil.which("sh") or "/bin/sh"
STUB = '#!/bin/sh\nfor word in "$@"; do printf \'%s\\0\' "$word"; done\n'
# Whatever a shell might take for its own.
TEXT = st.text(
    st.sampled_from("ab'\"\\$`!*?~#;&|<>(){}[]=%@- \t\né😀\u2028") | st.characters(exclude_categories=["Cs", "Cc"]),
    max_size=40,
)
NAMES = st.text(st.sampled_from("Xabc-_!#$%&'*+.^`|~0"), min_size=1, max_size=12).map("X-{}".format)
HEADERS = st.dictionaries(NAMES, TEXT.map(str.strip), max_size=5)


class Sent(NamedTuple):
    """What curl makes of its words."""

    url: str
    headers: dict[str, str]
    body: bytes
    flags: set[str]


def meant(words: list[bytes]) -> Sent:
    """curl(1): -H with `Name: value` or `Name;` for an empty one, --data-raw taken as it stands."""
    urls, headers, bodies, flags = [], {}, [], set()
    rest = iter(words)
    for word in rest:
        match word:
            case b"-X":
                assert next(rest) == b"POST"
            case b"-H":
                header = next(rest).decode()
                name, colon, value = header.partition(": ")
                if colon:
                    assert value
                    headers[name] = value
                else:
                    assert header.endswith(";")
                    headers[header[:-1]] = ""
            case b"--data-raw":
                bodies.append(next(rest))
            case _ if word.startswith(b"-"):
                flags.add(word.decode())
            case _:
                urls.append(word.decode())
    (url,) = urls
    (body,) = bodies
    return Sent(url, headers, body, flags)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[bytes]]:
    """Gives a command to a shell whose `curl` prints its words."""
    folder: Path = tmp_path_factory.mktemp("bin")
    stub = folder / "curl"
    stub.write_text(STUB)
    stub.chmod(0o755)

    def through_sh(command: str) -> list[bytes]:
        done = subprocess.run(
            [SH], input=command.encode(), capture_output=True, env={"PATH": str(folder)}, timeout=60, check=True
        )
        assert done.stderr == b""
        return done.stdout.split(b"\0")[:-1]

    return through_sh


def test_a_plain_delivery_is_one_readable_line() -> None:
    command = curl_command(URL, {"Content-Type": "application/json", "webhook-id": "evt_1"}, b'{"a":"it\'s"}')
    assert command == (
        "curl -i -X POST https://hooks.customer.com/dcvd -H 'Content-Type: application/json' -H 'webhook-id: evt_1' "
        """--data-raw '{"a":"it'"'"'s"}'"""
    )


@given(headers=HEADERS, body=TEXT.map(str.encode))
@example(headers={"X-A": "$(reboot) `reboot` 'x' \"y\" \\ !!"}, body=b"@/etc/passwd")
@example(headers={"X-Empty": ""}, body=b"")
@example(headers={}, body=b"--next\n-o x\n\n")
def test_a_shell_gives_curl_the_very_url_headers_and_bytes(
    run: Callable[[str], list[bytes]], headers: dict[str, str], body: bytes
) -> None:
    sent = meant(run(curl_command(URL, headers, body)))
    assert (sent.url, sent.headers, sent.body) == (URL, headers, body)


@given(TEXT, HEADERS, TEXT)
def test_it_is_one_command_however_hostile_its_parts(path: str, headers: dict[str, str], body: str) -> None:
    url = f"{URL}/{path}"
    words = shlex.split(curl_command(url, headers, body.encode()))
    assert words[:4] == ["curl", "-i", "-X", "POST"]
    assert meant([word.encode() for word in words[1:]])[:3] == (url, headers, body.encode())


@pytest.mark.parametrize(
    ("url", "flags"),
    [
        (URL, {"-i"}),
        ("https://x.example/{a,b}", {"-i", "--globoff"}),
        ("https://[2001:db8::1]/", {"-i", "--globoff"}),
        ("https://x.example/a/../b", {"-i", "--path-as-is"}),
    ],
)
def test_curl_is_kept_from_reading_a_url_in_its_own_way(url: str, flags: set[str]) -> None:
    words = [word.encode() for word in shlex.split(curl_command(url, {}, b"{}"))]
    assert meant(words[1:]).flags == flags


def test_a_body_that_is_not_text_is_no_command() -> None:
    with pytest.raises(UnicodeDecodeError):
        curl_command(URL, {}, b"\xff")
