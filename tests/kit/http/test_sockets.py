"""Listening sockets: what is bound, what is replaced, what is refused."""

import os
import socket
import stat
from pathlib import Path

import pytest

from dcvd.errors import DcvdError
from dcvd.kit.http.server.sockets import bind_tcp, bind_unix


def test_a_tcp_socket_listens_and_says_that_it_is_tcp() -> None:
    with bind_tcp("127.0.0.1:0") as listener, socket.create_connection(listener.getsockname(), timeout=1):
        assert listener.proto == socket.IPPROTO_TCP
        assert not listener.getblocking()
        assert listener.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)


def test_an_ipv6_address_in_brackets_is_bound_for_ipv6_alone() -> None:
    try:
        listener = bind_tcp("[::1]:0")
    except DcvdError as error:
        # A machine without IPv6: then the address is named, and nothing else is bound instead.
        assert "[::1]:0" in error.message  # noqa: PT017  # either outcome is right, each on its machine
        return
    with listener:
        assert listener.getsockname()[0] == "::1"
        assert listener.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)


def test_a_port_that_is_taken_is_reported_with_its_address() -> None:
    with bind_tcp("127.0.0.1:0") as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(DcvdError, match=f"Cannot listen on {address}: Address already in use") as caught:
            bind_tcp(address)
        assert caught.value.code == "listen_failed"


@pytest.mark.parametrize(
    "address",
    ["", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536", "::1:80", "[1.2.3.4]:1"],
)
def test_what_is_no_listen_address_is_refused_with_an_example(address: str) -> None:
    with pytest.raises(DcvdError, match=r"is no listen address: write 127\.0\.0\.1:8080"):
        bind_tcp(address)


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(DcvdError, match=r"Cannot listen on 192\.0\.2\.1:8080"):
        bind_tcp("192.0.2.1:8080")


def test_a_unix_socket_has_exactly_the_mode_asked_for_and_the_umask_is_as_before(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with bind_unix(tmp_path / "s", mode=0o660):
            assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o660
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)


def test_a_stale_socket_file_is_replaced(tmp_path: Path) -> None:
    bind_unix(tmp_path / "s").close()
    assert (tmp_path / "s").is_socket()
    with bind_unix(tmp_path / "s"), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / "s"))


def test_a_live_socket_is_left_to_its_owner(tmp_path: Path) -> None:
    with bind_unix(tmp_path / "s"):
        with pytest.raises(DcvdError, match="Another process listens at"):
            bind_unix(tmp_path / "s")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "s"))


def test_a_file_that_is_no_socket_is_never_removed(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("precious")
    (tmp_path / "link").symlink_to(tmp_path / "s")
    for name in ("s", "link"):
        with pytest.raises(DcvdError, match="exists and is no socket"):
            bind_unix(tmp_path / name)
    assert (tmp_path / "s").read_text() == "precious"


def test_a_path_that_is_too_long_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DcvdError, match="Cannot create the socket"):
        bind_unix(tmp_path / ("s" * 120))
