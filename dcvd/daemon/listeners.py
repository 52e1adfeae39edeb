"""The sockets that the API listens on: inherited from the service manager, or bound here."""

import os
import pwd
import socket
from collections.abc import Sequence
from pathlib import Path

import structlog

from dcvd.config import Config, ServerConfig
from dcvd.errors import ConfigError
from dcvd.kit.http.listen_fds import InheritedSocket
from dcvd.kit.http.sockets import bind_tcp, bind_unix

log = structlog.get_logger(__name__)


class ApiListeners:
    """Open sockets, and the socket file to remove at the end where we made it."""

    def __init__(self, config: Config, inherited_sockets: Sequence[InheritedSocket]) -> None:
        """Raises DcvdError for an address that cannot be had; then nothing stays open."""
        self.sockets: list[socket.socket] = [entry.socket for entry in inherited_sockets]
        self._socket_file: tuple[Path, int] | None = None
        families = {found.family for found in self.sockets}
        try:
            if socket.AF_UNIX not in families:
                self.sockets.append(bind_unix(config.server.socket, config.server.socket_mode))
                self._socket_file = config.server.socket, config.server.socket.stat().st_ino
            if not families & {socket.AF_INET, socket.AF_INET6}:
                for address in config.server.listen:
                    self.sockets.append(bind_tcp(str(address)))  # what is open must be known to close()
        except BaseException:
            self.close()
            raise
        if inherited_sockets:
            log.info("daemon.sockets_inherited", names=[entry.name for entry in inherited_sockets])

    @property
    def urls(self) -> list[str]:
        """`http://host:port` of each TCP socket, with the port that it really has."""
        found = []
        for bound in self.sockets:
            if bound.family == socket.AF_INET:
                host, port = bound.getsockname()[:2]
                found.append(f"http://{host}:{port}")
            elif bound.family == socket.AF_INET6:
                host, port = bound.getsockname()[:2]
                found.append(f"http://[{host}]:{port}")
        return found

    def close(self) -> None:
        """Close what the server has not closed, and remove our socket file."""
        for bound in self.sockets:
            bound.close()
        if self._socket_file is not None:
            path, inode = self._socket_file
            self._socket_file = None
            # Somebody may have put another socket there meanwhile.
            if path.exists() and path.stat().st_ino == inode:
                path.unlink()


def operator_uids(server: ServerConfig) -> frozenset[int]:
    """Who may use operator calls: root, the daemon's own user, and whom the configuration names.

    Raises ConfigError for a user that does not exist.
    """
    found = {0, os.geteuid()}
    unknown = []
    for user in server.operators:
        if isinstance(user, int):
            found.add(user)
            continue
        try:
            found.add(pwd.getpwnam(user).pw_uid)
        except KeyError:
            unknown.append(f"server.operators names {user!r}, but this machine has no such user.")
    if unknown:
        raise ConfigError(unknown)
    return frozenset(found)
