"""A client of the daemon inside the machine; it is run there, by its own Python, and prints what it saw as JSON.

`client.py requests` asks for /health over TCP and over the unix socket, each time by a new connection, until its
standard input ends, and counts what came. `client.py knock` only connects. `client.py answered` waits for one answer.
"""

import collections
import http.client
import json
import socket
import sys
import threading
import time

ADDRESSES: "dict[str, tuple[str, int] | str]" = {"tcp": ("127.0.0.1", 8080), "unix": "/run/dcvd.sock"}


class Connection(http.client.HTTPConnection):
    """One to either address."""

    def __init__(self, address: "tuple[str, int] | str") -> None:
        super().__init__("localhost", timeout=30)
        self._address = address

    def connect(self) -> None:
        self.sock = connect(self._address)


def connect(address: "tuple[str, int] | str") -> socket.socket:
    """A connected socket."""
    connected = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
    connected.settimeout(30)
    connected.connect(address)
    return connected


def ask(address: "tuple[str, int] | str") -> str:
    """What became of one request."""
    connection = Connection(address)
    try:
        connection.request("GET", "/health")
        return str(connection.getresponse().status)
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


def knock(address: "tuple[str, int] | str") -> str:
    """What became of one connection."""
    try:
        connect(address).close()
    except OSError as error:
        return type(error).__name__
    return "connected"


def main() -> None:
    """Do what the arguments say."""
    what = sys.argv[1]
    if what == "answered":
        began = time.monotonic()
        while ask(ADDRESSES["tcp"]) != "200":
            time.sleep(0.005)
        print(json.dumps(time.monotonic() - began))
        return
    act, pause_s = (ask, 0.0) if what == "requests" else (knock, 0.05)
    is_over = threading.Event()
    seen = collections.Counter[str]()

    def repeat(name: str) -> None:
        while not is_over.is_set():
            seen[f"{name} {act(ADDRESSES[name])}"] += 1
            time.sleep(pause_s)

    threads = [threading.Thread(target=repeat, args=(name,)) for name in ADDRESSES for _ in range(2)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    is_over.set()
    for thread in threads:
        thread.join()
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
