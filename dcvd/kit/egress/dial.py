"""From an origin to a connection: the name, the address, TLS; each measured."""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import structlog
from cryptography import x509

from dcvd.core.addresses import Address
from dcvd.core.http_exchanges import FailureReason
from dcvd.kit.egress.connect import ConnectErrors, first_connected
from dcvd.kit.egress.connection import Connection
from dcvd.kit.egress.course import Course
from dcvd.kit.egress.failures import (
    Failed,
    certificate_reason,
    expired_certificate,
    failed_connect,
    failed_handshake,
    failed_lookup,
    future_certificate,
)
from dcvd.kit.egress.guard import AddressRefused, EgressPolicy, literal_address
from dcvd.kit.egress.names import GuardedNames
from dcvd.kit.egress.request import Origin

log = structlog.get_logger(__name__)

_FOR_DATES: Final = 0.8  # of the time that is left: the failure itself has to be told before the deadline


class Dialler:
    """Makes connections; a cancellation leaves no socket behind. The deadline is the caller's."""

    def __init__(self, policy: EgressPolicy, names: GuardedNames, tls: ssl.SSLContext) -> None:
        self._policy = policy
        self._names = names
        self._tls = tls

    async def dial(self, origin: Origin, course: Course) -> Connection:
        """Raises Failed."""
        addresses = await self._addresses(origin, course)
        with course.part("connect", "connecting"):
            try:
                connected, address = await first_connected(addresses, origin.port, self._policy)
            except ConnectErrors as errors:
                raise failed_connect(origin.host, origin.port, errors.each) from errors
        course.remote_ip = str(address)
        if not origin.tls:
            return await _adopt(connected, origin, address, None)
        try:
            with course.part("tls", "negotiating TLS"):
                return await _adopt(connected, origin, address, self._tls)
        except OSError as error:
            raise await self._handshake_failure(error, origin, address, course) from error

    async def _addresses(self, origin: Origin, course: Course) -> Sequence[Address]:
        literal = literal_address(origin.host)
        if literal is not None:
            return (literal,)
        known = self._names.known(origin.host, origin.port)
        if known is not None:
            return known
        with course.part("dns", "looking up the name"):
            try:
                return await self._names.addresses(origin.host, origin.port)
            except AddressRefused as error:
                raise Failed("refused_by_policy", error.refusal.reason, error.refusal.message) from error
            except OSError as error:
                raise failed_lookup(origin.host, error) from error

    async def _handshake_failure(self, error: OSError, origin: Origin, address: Address, course: Course) -> Failed:
        reason = certificate_reason(error)
        if reason is FailureReason.CERTIFICATE_EXPIRED or reason is FailureReason.CERTIFICATE_NOT_YET_VALID:
            # OpenSSL does not say which date it minded.
            certificate = await self._shown_certificate(origin, address, course)
            now = datetime.now(UTC)
            # Where the dates of the certificate itself are good, it is another one of the chain that is meant.
            if certificate is not None and certificate.not_valid_after_utc < now:
                return expired_certificate(origin.host, certificate.not_valid_after_utc)
            if certificate is not None and certificate.not_valid_before_utc > now:
                return future_certificate(origin.host, certificate.not_valid_before_utc)
        return failed_handshake(origin.host, error)

    async def _shown_certificate(self, origin: Origin, address: Address, course: Course) -> x509.Certificate | None:
        """The receiver's certificate, unverified, from a connection on which no request is ever sent."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            async with asyncio.timeout(_FOR_DATES * course.left()):
                connected, _ = await first_connected((address,), origin.port, self._policy)
                connection = await _adopt(connected, origin, address, context)
            try:
                der = connection.peer_certificate()
            finally:
                connection.abort()
            return None if der is None else x509.load_der_x509_certificate(der)
        except (OSError, ConnectErrors, ValueError) as error:
            log.info("egress.certificate_not_seen", host=origin.host, error=str(error) or type(error).__name__)
            return None


async def _adopt(connected: socket.socket, origin: Origin, address: Address, tls: ssl.SSLContext | None) -> Connection:
    """Puts the event loop's transport on a socket, TLS included. Raises OSError, of which ssl.SSLError is one."""
    connection = Connection(origin, str(address))
    name = origin.host.rstrip(".") if tls is not None else None
    try:
        await asyncio.get_running_loop().create_connection(
            lambda: connection, sock=connected, ssl=tls, server_hostname=name
        )
    except BaseException:
        # The loop closes what it has made, but politely: a receiver that never ends its TLS would keep the socket.
        connection.abort()
        raise
    return connection
