"""The proxy of webhooks, and the addresses that receivers may let in."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from dcvd.config import load
from dcvd.core.secret import Secret
from tests.config.conftest import ENVIRON, Problems, Write
from tests.config.test_secrets import secret_file


@pytest.mark.parametrize(
    "url", ["http://10.0.0.5:3128", "https://proxy.example.net:443", "http://[fd00::1]:8080", "http://localhost:1", ""]
)
def test_a_proxy_is_a_url_with_a_port(write: Write, url: str) -> None:
    assert load(write(f'[webhooks]\nproxy = "{url}"\n'), ENVIRON).config.webhooks.proxy == url


@pytest.mark.parametrize(
    "url",
    [
        "10.0.0.5:3128", "http://10.0.0.5", "http://10.0.0.5:3128/", "http://10.0.0.5:3128/path", "socks5://10.0.0.5:1080",
        "http://10.0.0.5:0", "http://10.0.0.5:70000", "http://10.0.0.5:3128?x", "http://:3128",
    ],
)  # fmt: skip
def test_what_is_no_url_with_a_port_is_refused(problems: Problems, url: str) -> None:
    (problem,) = problems(f'[webhooks]\nproxy = "{url}"\n')
    assert "webhooks.proxy" in problem
    assert '"http://10.0.0.5:3128"' in problem


def test_credentials_stand_in_a_file_and_nowhere_else(write: Write, tmp_path: Path, problems: Problems) -> None:
    secret_file(tmp_path / "proxy", "dcvd:pass:wörd\n")
    loaded = load(write('[webhooks]\nproxy_credentials_file = "proxy"\n'), ENVIRON)
    assert loaded.config.webhooks.proxy_credentials == Secret("dcvd:pass:wörd")
    assert load(write(""), ENVIRON).config.webhooks.proxy_credentials is None
    (problem,) = problems('[webhooks]\nproxy = "http://dcvd:hunter2@10.0.0.5:3128"\n')
    assert "webhooks.proxy" in problem
    (problem,) = problems('[webhooks]\nproxy_credentials = "dcvd:hunter2"\n')
    assert "webhooks.proxy_credentials_file" in problem
    assert "hunter2" not in problem


@pytest.mark.parametrize("text", ["hunter2", "dcvd:", ":hunter2", "dcvd:hun\nter2"])
def test_a_file_with_something_else_is_refused_without_showing_it(
    problems: Problems, tmp_path: Path, text: str
) -> None:
    secret_file(tmp_path / "proxy", text)
    (problem,) = problems('[webhooks]\nproxy_credentials_file = "proxy"\n')
    assert "a user name and a password with a colon between" in problem
    assert "hunter2" not in problem


def test_source_addresses_are_public_addresses_and_networks(write: Write) -> None:
    path = write('[webhooks]\nsource_addresses = ["9.9.9.9", "8.8.8.0/28", "2606:4700::1"]\n')
    assert load(path, ENVIRON).config.webhooks.source_addresses == (
        ip_network("9.9.9.9/32"),
        ip_network("8.8.8.0/28"),
        ip_network("2606:4700::1/128"),
    )


@pytest.mark.parametrize(
    "entry",
    ["10.0.0.5", "127.0.0.1", "203.0.113.7", "0.0.0.0/0", "8.8.8.8/24", "fd00::/8", "::/0", "out.example.net", ""],
)
def test_what_no_receiver_can_ever_see_is_refused(problems: Problems, entry: str) -> None:
    (problem,) = problems(f'[webhooks]\nsource_addresses = ["9.9.9.9", "{entry}"]\n')
    assert "webhooks.source_addresses[1]" in problem
