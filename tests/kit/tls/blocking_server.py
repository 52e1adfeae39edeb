"""An HTTPS server on threads. Unlike those of event loops, it sends the alert with which it ends a handshake."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@contextmanager
def serving(tls: ssl.SSLContext, on_request: Callable[[ssl.SSLSocket], None]) -> Iterator[int]:
    """Serves until the block ends; gives its port."""
    threads: list[threading.Thread] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                thread = threading.Thread(target=_serve, args=(connection, tls, on_request), daemon=True)
                threads.append(thread)
                thread.start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        acceptor = threading.Thread(target=accept, daemon=True)
        acceptor.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join(10)
            for thread in threads:
                thread.join(10)


def _serve(connection: socket.socket, tls: ssl.SSLContext, on_request: Callable[[ssl.SSLSocket], None]) -> None:
    with suppress(OSError), tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as secure:
        try:
            secure.do_handshake()
            while secure.recv(65536):
                on_request(secure)
                secure.sendall(_ANSWER)
        except ssl.SSLError:
            # To close with unread data would reset the connection, and the alert might be lost.
            secure.shutdown(socket.SHUT_WR)
            while secure.recv(65536):
                pass
