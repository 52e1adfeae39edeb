"""The sockets on which the API listens: inherited from the service manager, or bound here."""

import socket
from collections.abc import Sequence
from pathlib import Path

import structlog

from dcvd.config import Config
from dcvd.kit.http.server.listen_fds import InheritedSocket
from dcvd.kit.http.server.sockets import bind_tcp, bind_unix

log = structlog.get_logger(__name__)


class ApiListeners:
    """Holds the open sockets, and the socket file to be removed at the end if it was made here.

    metrics_sockets: those of `server.metrics_listen`, which are never inherited.
    """

    def __init__(self, config: Config, inherited_sockets: Sequence[InheritedSocket]) -> None:
        """Open the sockets. Raises DcvdError if an address cannot be bound; then nothing stays open."""
        self.sockets: list[socket.socket] = [entry.socket for entry in inherited_sockets]
        self.metrics_sockets: list[socket.socket] = []
        self._socket_file: tuple[Path, int] | None = None
        families = {bound.family for bound in self.sockets}
        try:
            if socket.AF_UNIX not in families:
                self.sockets.append(bind_unix(config.server.socket, config.server.socket_mode))
                self._socket_file = config.server.socket, config.server.socket.stat().st_ino
            if not families & {socket.AF_INET, socket.AF_INET6}:
                for address in config.server.listen:
                    self.sockets.append(bind_tcp(str(address)))  # one by one, so that close() finds the open ones
            if config.server.metrics_listen is not None:
                self.metrics_sockets.append(bind_tcp(str(config.server.metrics_listen)))
        except BaseException:
            self.close()
            raise
        if inherited_sockets:
            log.info("daemon.sockets_inherited", names=[entry.name for entry in inherited_sockets])

    @property
    def urls(self) -> list[str]:
        """The `http://host:port` of each TCP socket for tenants, with its actual port."""
        return _list_urls(self.sockets)

    @property
    def metrics_urls(self) -> list[str]:
        """The `http://host:port` of the listener for metrics, if there is one."""
        return _list_urls(self.metrics_sockets)

    def close(self) -> None:
        """Close the sockets that the server has not closed, and remove our socket file."""
        for bound in (*self.sockets, *self.metrics_sockets):
            bound.close()
        if self._socket_file is not None:
            path, inode = self._socket_file
            self._socket_file = None
            # Another process may have put its own socket there meanwhile.
            if path.exists() and path.stat().st_ino == inode:
                path.unlink()


def _list_urls(sockets: Sequence[socket.socket]) -> list[str]:
    urls = []
    for bound in sockets:
        if bound.family in {socket.AF_INET, socket.AF_INET6}:
            host, port = bound.getsockname()[:2]
            urls.append(f"http://{host}:{port}" if bound.family == socket.AF_INET else f"http://[{host}]:{port}")
    return urls
