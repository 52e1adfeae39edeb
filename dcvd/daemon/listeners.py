"""The sockets on which the API listens: inherited from the service manager, or bound here."""

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
    """Holds the open sockets, and the socket file to be removed at the end if it was made here."""

    def __init__(self, config: Config, inherited_sockets: Sequence[InheritedSocket]) -> None:
        """Open the sockets. Raises DcvdError if an address cannot be bound; then nothing stays open."""
        self.sockets: list[socket.socket] = [entry.socket for entry in inherited_sockets]
        self._socket_file: tuple[Path, int] | None = None
        families = {bound.family for bound in self.sockets}
        try:
            if socket.AF_UNIX not in families:
                self.sockets.append(bind_unix(config.server.socket, config.server.socket_mode))
                self._socket_file = config.server.socket, config.server.socket.stat().st_ino
            if not families & {socket.AF_INET, socket.AF_INET6}:
                for address in config.server.listen:
                    self.sockets.append(bind_tcp(str(address)))  # one by one, so that close() finds the open ones
        except BaseException:
            self.close()
            raise
        if inherited_sockets:
            log.info("daemon.sockets_inherited", names=[entry.name for entry in inherited_sockets])

    @property
    def urls(self) -> list[str]:
        """The `http://host:port` of each TCP socket, with its actual port."""
        urls = []
        for bound in self.sockets:
            if bound.family in {socket.AF_INET, socket.AF_INET6}:
                host, port = bound.getsockname()[:2]
                urls.append(f"http://{host}:{port}" if bound.family == socket.AF_INET else f"http://[{host}]:{port}")
        return urls

    def close(self) -> None:
        """Close the sockets that the server has not closed, and remove our socket file."""
        for bound in self.sockets:
            bound.close()
        if self._socket_file is not None:
            path, inode = self._socket_file
            self._socket_file = None
            # Another process may have put its own socket there meanwhile.
            if path.exists() and path.stat().st_ino == inode:
                path.unlink()


def operator_uids(server: ServerConfig) -> frozenset[int]:
    """Return the uids that may use operator calls: root, the daemon's own user, and those that the configuration names.

    Raises ConfigError for a user that does not exist.
    """
    uids = {0, os.geteuid()}
    problems = []
    for user in server.operators:
        if isinstance(user, int):
            uids.add(user)
            continue
        try:
            uids.add(pwd.getpwnam(user).pw_uid)
        except KeyError:
            problems.append(f"server.operators names {user!r}, but this machine has no such user.")
    if problems:
        raise ConfigError(problems)
    return frozenset(uids)
