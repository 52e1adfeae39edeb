"""Connect to an origin: resolve the name, connect to an address, negotiate TLS, and measure each part."""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import structlog
from cryptography import x509

from dcvd.core.addresses import IpAddress
from dcvd.core.http.exchanges import FailureReason
from dcvd.kit.egress.connect import ConnectError, connect_first
from dcvd.kit.egress.connection import EgressConnection
from dcvd.kit.egress.failures import (
    build_connect_error,
    build_handshake_error,
    build_lookup_error,
    certificate_reason,
)
from dcvd.kit.egress.guard import EgressPolicy, parse_literal_address
from dcvd.kit.egress.names import GuardedResolver
from dcvd.kit.egress.progress import LOOKUP_PHASE, ExchangeProgress
from dcvd.kit.egress.request import Origin

log = structlog.get_logger(__name__)

_CERTIFICATE_FETCH_SHARE: Final = 0.8  # of the time that is left: the failure has to be reported before the deadline


class Dialler:
    """Makes connections; a cancellation leaves no socket behind. The caller sets the deadline."""

    def __init__(self, policy: EgressPolicy, resolver: GuardedResolver, tls: ssl.SSLContext) -> None:
        self._policy = policy
        self._resolver = resolver
        self._tls = tls

    async def dial(self, origin: Origin, progress: ExchangeProgress) -> EgressConnection:
        """Connect to an origin. Raises EgressError."""
        return await dial_addresses(origin, await self._resolve(origin, progress), self._policy, self._tls, progress)

    async def _resolve(self, origin: Origin, progress: ExchangeProgress) -> Sequence[IpAddress]:
        literal = parse_literal_address(origin.host)
        if literal is not None:
            return (literal,)
        cached = self._resolver.get_cached(origin.host, origin.port)
        if cached is not None:
            return cached
        with progress.measure("dns", LOOKUP_PHASE):
            try:
                return await self._resolver.resolve(origin.host, origin.port, origin.owner)
            except OSError as error:
                raise build_lookup_error(origin.host, error) from error


async def dial_addresses(
    origin: Origin,
    addresses: Sequence[IpAddress],
    policy: EgressPolicy,
    tls: ssl.SSLContext,
    progress: ExchangeProgress,
) -> EgressConnection:
    """Connect to an origin at one of its addresses; each is checked as it is dialled. Raises EgressError."""
    with progress.measure("connect", "connecting"):
        try:
            connected_socket, address = await connect_first(addresses, origin.port, policy)
        except ConnectError as errors:
            raise build_connect_error(origin.host, origin.port, errors.errors) from errors
    progress.remote_ip = str(address)
    if not origin.tls:
        return await _attach_transport(connected_socket, origin, address, None)
    try:
        with progress.measure("tls", "negotiating TLS"):
            return await _attach_transport(connected_socket, origin, address, tls)
    except OSError as error:
        certificate = None
        if certificate_reason(error) in (FailureReason.CERTIFICATE_EXPIRED, FailureReason.CERTIFICATE_NOT_YET_VALID):
            # OpenSSL does not say which certificate's date it refused.
            certificate = await fetch_certificate(origin, address, policy, progress)
        raise build_handshake_error(origin.host, error, certificate, datetime.now(UTC)) from error


async def fetch_certificate(
    origin: Origin, address: IpAddress, policy: EgressPolicy, progress: ExchangeProgress
) -> x509.Certificate | None:
    """Fetch the server's certificate, unverified, over a connection on which no request is ever sent.

    None where it could not be seen before the deadline.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(_CERTIFICATE_FETCH_SHARE * progress.get_remaining_s()):
            connected_socket, _ = await connect_first((address,), origin.port, policy)
            connection = await _attach_transport(connected_socket, origin, address, context)
        try:
            der = connection.get_peer_certificate()
        finally:
            connection.abort()
    except (OSError, ConnectError) as error:
        log.info("egress.certificate_not_seen", host=origin.host, error=str(error) or type(error).__name__)
        return None
    return None if der is None else _parse_certificate(der, origin.host)


def _parse_certificate(der: bytes, host: str) -> x509.Certificate | None:
    """Parse a stranger's certificate, with its dates, as far as it can be read."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        if certificate.not_valid_before_utc <= certificate.not_valid_after_utc:
            return certificate
    except Exception as error:  # noqa: BLE001  # made to be unreadable, it may fail in any way
        log.info("egress.certificate_unreadable", host=host, error=str(error) or type(error).__name__)
    return None


async def _attach_transport(
    connected_socket: socket.socket, origin: Origin, address: IpAddress, tls: ssl.SSLContext | None
) -> EgressConnection:
    """Attach the event loop's transport to a socket, TLS included. Raises OSError, which includes ssl.SSLError."""
    connection = EgressConnection(origin, str(address))
    name = origin.host.rstrip(".") if tls is not None else None
    try:
        await asyncio.get_running_loop().create_connection(
            lambda: connection, sock=connected_socket, ssl=tls, server_hostname=name
        )
    except BaseException:
        # The loop would close the socket gracefully, and a receiver that never ends its TLS would keep it open.
        connection.abort()
        raise
    return connection
