"""Socket activation, in a real child process that inherits real descriptors."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from dcvd.kit.http.server.listen_fds import take_inherited_sockets
from dcvd.kit.http.server.sockets import bind_tcp, bind_unix

REPORT = """
import os
from dcvd.errors import DcvdError
from dcvd.kit.http.server.listen_fds import take_inherited_sockets
try:
    for name, item in take_inherited_sockets(os.environ):
        print(name, item.family.name, item.getsockname(), item.getblocking(), os.get_inheritable(item.fileno()))
except DcvdError as error:
    print("refused:", error)
"""


def run_activated(descriptors: list[int], *, names: str | None, pid: str = "$$") -> list[str]:
    """Starts the report with these descriptors as 3, 4, …, as a service manager would."""

    def arrange() -> None:
        # First out of the way, then into place, so that no target overwrites a source.
        parked = [os.dup(descriptor) for descriptor in descriptors]
        high = [os.dup2(item, 100 + index) for index, item in enumerate(parked)]
        for index, item in enumerate(high):
            os.dup2(item, 3 + index)

    variables = f"LISTEN_FDS={len(descriptors)} LISTEN_PID={pid}" + (f" LISTEN_FDNAMES={names}" if names else "")
    finished = subprocess.run(
        ["/bin/sh", "-c", f'{variables} exec "{sys.executable}" -c "$REPORT"'],
        env={**os.environ, "REPORT": REPORT},
        preexec_fn=arrange,
        pass_fds=tuple(range(3, 3 + len(descriptors))),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return finished.stdout.splitlines()


def test_the_managers_sockets_arrive_in_order_with_their_names(tmp_path: Path) -> None:
    with bind_tcp("127.0.0.1:0") as tcp, bind_unix(tmp_path / "s") as unix:
        lines = run_activated([tcp.fileno(), unix.fileno()], names="api:operators")
        assert lines == [
            f"api AF_INET {tcp.getsockname()} False False",
            f"operators AF_UNIX {unix.getsockname()} False False",
        ]


def test_a_socket_without_a_name_is_called_unknown() -> None:
    with bind_tcp("127.0.0.1:0") as tcp:
        assert run_activated([tcp.fileno()], names=None)[0].startswith("unknown AF_INET")


def test_sockets_that_were_meant_for_another_process_are_left_alone() -> None:
    with bind_tcp("127.0.0.1:0") as tcp:
        assert run_activated([tcp.fileno()], names="api", pid="1") == []


def test_a_descriptor_that_does_not_listen_is_refused_in_a_sentence() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        (line,) = run_activated([datagrams.fileno()], names="api")
    assert line.startswith("refused: The service manager's file descriptor 3 does not listen for streams")


def test_without_activation_there_are_none() -> None:
    assert take_inherited_sockets({}) == []
    assert take_inherited_sockets({"LISTEN_PID": str(os.getpid())}) == []
    assert take_inherited_sockets({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "many"}) == []
