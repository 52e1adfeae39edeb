"""`dcvd listen` on the command line."""

import socket
from pathlib import Path

import msgspec
import pytest

from dcvd.cli.listen.settings import check_http_url
from tests.cli.conftest import ServedHouse
from tests.cli.processes import House, dcvd

FORWARD = ("--forward-to", "http://127.0.0.1:9/hook")
TOKEN = {"DCVD_TOKEN": "dcv_live_" + "0" * 32}
URL = {"DCVD_URL": "http://127.0.0.1:9"}


@pytest.mark.parametrize(
    ("arguments", "environ", "words"),
    [
        ((), TOKEN | URL, "--forward-to"),
        (FORWARD, TOKEN, "DCVD_URL"),
        (FORWARD, URL, "DCVD_TOKEN is not set"),
        (FORWARD, URL | {"DCVD_TOKEN": " "}, "DCVD_TOKEN is not set"),
        (FORWARD, URL | {"DCVD_TOKEN": "dcv live\r\nX: y"}, "DCVD_TOKEN is no token"),
        (("--forward-to", "localhost:3000/hook"), TOKEN | URL, "is no URL of http or https"),
        ((*FORWARD, "--url", "ftp://127.0.0.1"), TOKEN, "is no URL of http or https"),
        ((*FORWARD, "--since", "4", "--last", "2"), TOKEN | URL, "give one of them"),
        ((*FORWARD, "--since", "-1"), TOKEN | URL, "--since"),
        ((*FORWARD, "--events", "domain.active,"), TOKEN | URL, "One of the types is empty"),
        ((*FORWARD, "--retry", "-1"), TOKEN | URL, "--retry"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(arguments: tuple[str, ...], environ: dict[str, str], words: str) -> None:
    done = dcvd("listen", *arguments, environ=environ)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


@pytest.mark.parametrize(
    "text",
    [
        *("", "http://", "http:///hook", "//localhost/hook", "file:///etc", "http://bücher.example/"),
        *("http://localhost:0/", "http://localhost:x/", "http://[::1/", "http://localhost/" + "a" * 3000),
        *("http://u:p@localhost/", "http://localhost/#a", "http://localhost/a b", "http://localhost/\n"),
    ],
)
def test_a_url_that_cannot_be_called_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no URL|is not taken"):
        check_http_url(text)


@pytest.mark.parametrize("text", ["http://localhost:3000/hook", "https://[::1]:8443", "HTTP://dev.test/a?b=%20c"])
def test_a_url_stays_as_it_was_written(text: str) -> None:
    assert check_http_url(text) == text


def test_a_daemon_that_is_not_there_is_one_sentence_without_the_token() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    done = dcvd("listen", *FORWARD, "--json", environ=TOKEN | {"DCVD_URL": f"http://127.0.0.1:{port}"})
    assert (done.returncode, done.stdout) == (1, "")
    failure = msgspec.json.decode(done.stderr)["error"]
    assert failure["code"] == "feed_unavailable"
    assert failure["message"].startswith(f"http://127.0.0.1:{port} cannot be reached (Connection refused).")
    assert TOKEN["DCVD_TOKEN"] not in done.stderr


def test_a_wrong_token_is_a_clear_sentence(served: House, tmp_path: Path) -> None:
    assert isinstance(served, ServedHouse)
    done = dcvd("listen", *FORWARD, environ=TOKEN | {"DCVD_URL": served.url})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"{served.url} does not take the token in DCVD_TOKEN: it is wrong, was revoked, or has expired.\n"
    )


def test_a_type_that_does_not_exist_is_told_with_those_that_do(served: House) -> None:
    assert isinstance(served, ServedHouse)
    org = served.json("org", "create", "Listening")["organization"]["id"]
    token = served.json("token", "create", "--org", org, "--name", "laptop")["token"]["token"]
    environ = {"DCVD_TOKEN": token, "DCVD_URL": served.url + "/"}
    done = dcvd("listen", *FORWARD, "--events", "domain.activ", environ=environ)
    assert done.returncode == 1
    assert "domain.active" in done.stderr
