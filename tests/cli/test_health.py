"""`dcvd health` for containers and monitors."""

import errno
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dcvd.cli import socket_calls
from dcvd.errors import Forbidden
from tests.cli.processes import House


@contextmanager
def answering(house: House, answer: bytes) -> Iterator[None]:
    """Something at the daemon's socket that answers one connection with these bytes, and hangs up."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1 << 16)
            connection.sendall(answer)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(house.socket))
        listener.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join()


def test_a_daemon_that_serves_is_well(served: House) -> None:
    done = served.dcvd("health")
    assert (done.returncode, done.stderr) == (0, "")
    assert '"status"' in done.stdout


def test_where_no_daemon_listens_it_ends_with_1_and_names_the_socket(house: House) -> None:
    done = house.dcvd("health")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"No daemon answers at {house.socket}" in done.stderr


def test_who_may_not_connect_is_not_told_that_no_daemon_runs(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(Forbidden, match=f"You may not connect .*{house.socket}.*sudo"):
        socket_calls.get(house.socket, "/health")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"HTTP/1.1 503 x\r\nContent-Length: 4\r\n\r\nfull", "answers 503: full"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{}", "No daemon answers"),
        (b"SSH-2.0\r\n", "No daemon answers"),
        (b"", "No daemon answers"),
    ],
)
def test_whatever_else_answers_is_not_well(house: House, answer: bytes, sentence: str) -> None:
    with answering(house, answer):
        done = house.dcvd("health")
    assert done.returncode == 1
    assert sentence in done.stderr
