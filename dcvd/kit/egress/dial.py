"""Connect to an origin: resolve the name, connect to an address, negotiate TLS, and measure each part."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog
from cryptography import x509

from dcvd.core.addresses import IpAddress
from dcvd.core.http.client_certificates import ClientCredentials
from dcvd.core.http.exchanges import FailureReason
from dcvd.kit.egress.connect import ConnectError, connect_first, open_first
from dcvd.kit.egress.connection import EgressConnection
from dcvd.kit.egress.failed_families import FailedFamilies
from dcvd.kit.egress.failures import (
    EgressError,
    build_connect_error,
    build_date_error,
    build_lookup_error,
    build_tls_error,
    describe_error,
)
from dcvd.kit.egress.guard import EgressPolicy, parse_literal_address
from dcvd.kit.egress.names import GuardedResolver
from dcvd.kit.egress.progress import LOOKUP_PHASE, ExchangeProgress
from dcvd.kit.egress.proxying.proxy import HttpProxy
from dcvd.kit.egress.proxying.tunnel import Tunnel
from dcvd.kit.egress.request import Origin
from dcvd.kit.tls.sent_chain import parse_chain
from dcvd.kit.tls.trust import TrustStore, load_system_trust

log = structlog.get_logger(__name__)

_FIRST_SHARE: Final = 0.5  # of the time that is left, for TLS by the first of two families
_CERTIFICATE_FETCH_SHARE: Final = 0.8  # of the time that is left: the failure has to be reported before the deadline


class Dialler:
    """Makes connections; a cancellation leaves no socket behind. The caller sets the deadline."""

    def __init__(
        self,
        policy: EgressPolicy,
        resolver: GuardedResolver,
        get_trust: Callable[[], TrustStore] = load_system_trust,
        proxy: HttpProxy | None = None,
    ) -> None:
        """`get_trust` returns the authorities that are trusted now. proxy: through which every connection goes."""
        self._policy = policy
        self._resolver = resolver
        self._get_trust = get_trust
        self._proxy = proxy
        self._failed_families = FailedFamilies()

    async def dial(
        self, origin: Origin, progress: ExchangeProgress, credentials: ClientCredentials | None = None
    ) -> EgressConnection:
        """Connect to an origin; `credentials` are shown where it asks for a client certificate. Raises EgressError."""
        addresses = self._failed_families.sort(origin, await self._resolve(origin, progress))
        return await dial_addresses(
            origin,
            addresses,
            policy=self._policy,
            get_trust=self._get_trust,
            progress=progress,
            credentials=credentials,
            failed_families=self._failed_families,
            proxy=self._proxy,
        )

    def note_silence(self, connection: EgressConnection) -> bool:
        """Note that a receiver took a new connection and gave no answer. Whether it can be reached in another way."""
        origin = connection.origin
        addresses = self._resolver.get_cached(origin.host, origin.port) or ()
        if all(address.version == connection.address.version for address in addresses):
            return False
        self._failed_families.note(origin, connection.address.version)
        return True

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
    *,
    policy: EgressPolicy,
    get_trust: Callable[[], TrustStore],
    progress: ExchangeProgress,
    credentials: ClientCredentials | None = None,
    failed_families: FailedFamilies | None = None,
    proxy: HttpProxy | None = None,
) -> EgressConnection:
    """Connect to an origin at one of its addresses; each is checked as it is dialled. Raises EgressError.

    get_trust: returns the authorities that are trusted now; asked for TLS alone, since a store may have to be read.
    proxy: through which the connection goes, if there is one.

    Where TLS fails with an address of one family, those of the other are tried: the ways of both may differ.
    """
    tls = await _find_context(get_trust(), origin, credentials) if origin.tls else None
    versions = {address.version for address in addresses}
    try:
        return await _dial(origin, addresses, policy, tls, progress, _FIRST_SHARE if len(versions) > 1 else None, proxy)
    except _HandshakeFailed as failed:
        failure = failed
    others = [address for address in addresses if address.version != failure.address.version]
    if others:
        try:
            connection = await _dial(origin, others, policy, tls, progress, None, proxy)
        except (_HandshakeFailed, EgressError) as error:
            log.info("egress.other_family_failed", host=origin.host, error=str(error))
        else:
            if failed_families is not None:
                failed_families.note(origin, failure.address.version)
            return connection
    progress.remote_ip = str(failure.address)
    raise await _describe_failure(
        failure, origin, policy, progress, proxy, has_certificate=credentials is not None
    ) from failure.error


async def _find_context(trust: TrustStore, origin: Origin, credentials: ClientCredentials | None) -> ssl.SSLContext:
    try:
        return await trust.find_context(credentials, origin.owner)
    except ssl.SSLError as error:
        message = f"The client certificate of this webhook cannot be used: {describe_error(error)}."
        raise EgressError("tls", FailureReason.CLIENT_CERTIFICATE_REFUSED, message) from error


class _HandshakeFailed(Exception):
    """An address could be connected to, and then TLS could not be negotiated."""

    def __init__(self, address: IpAddress, error: OSError) -> None:
        super().__init__(str(error) or type(error).__name__)
        self.address = address
        self.error = error


async def _dial(
    origin: Origin,
    addresses: Sequence[IpAddress],
    policy: EgressPolicy,
    tls: ssl.SSLContext | None,
    progress: ExchangeProgress,
    handshake_share: float | None,
    proxy: HttpProxy | None,
) -> EgressConnection:
    """Connect to the first address that accepts. `handshake_share`: of the time that is left, at most for TLS.

    Raises EgressError where none accepts, and _HandshakeFailed.
    """
    with progress.measure("connect", "connecting"):
        try:
            way, address = await _open_way(addresses, origin.port, policy, proxy)
        except ConnectError as errors:
            raise build_connect_error(origin.host, origin.port, errors.errors) from errors
    progress.remote_ip = str(address)
    if tls is None:
        return await _attach_transport(way, origin, address, None)
    limit_s = None if handshake_share is None else handshake_share * progress.get_remaining_s()
    try:
        with progress.measure("tls", "negotiating TLS"):
            async with asyncio.timeout(limit_s):
                return await _attach_transport(way, origin, address, tls)
    except OSError as error:
        raise _HandshakeFailed(address, error) from error


async def _describe_failure(
    failure: _HandshakeFailed,
    origin: Origin,
    policy: EgressPolicy,
    progress: ExchangeProgress,
    proxy: HttpProxy | None,
    *,
    has_certificate: bool,
) -> EgressError:
    error = build_tls_error(origin.host, failure.error, has_certificate=has_certificate)
    if error.reason not in (FailureReason.CERTIFICATE_EXPIRED, FailureReason.CERTIFICATE_NOT_YET_VALID):
        return error
    # OpenSSL does not say which certificate's date it refused.
    chain = await fetch_chain(origin, failure.address, policy, progress, proxy)
    return build_date_error(origin.host, chain, datetime.now(UTC)) or error


async def fetch_chain(
    origin: Origin,
    address: IpAddress,
    policy: EgressPolicy,
    progress: ExchangeProgress,
    proxy: HttpProxy | None = None,
) -> list[x509.Certificate]:
    """Fetch the certificates that a server sends, unverified, over a connection on which no request is ever sent.

    The server's own comes first. There is none where it could not be seen before the deadline.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(_CERTIFICATE_FETCH_SHARE * progress.get_remaining_s()):
            way, _ = await _open_way((address,), origin.port, policy, proxy)
            connection = await _attach_transport(way, origin, address, context)
        try:
            ders = connection.get_sent_chain()
        finally:
            connection.abort()
    except (OSError, ConnectError) as error:
        log.info("egress.certificate_not_seen", host=origin.host, error=str(error) or type(error).__name__)
        return []
    return parse_chain(ders, origin.host)


async def _open_way(
    addresses: Sequence[IpAddress], port: int, policy: EgressPolicy, proxy: HttpProxy | None
) -> tuple[socket.socket | Tunnel, IpAddress]:
    if proxy is None:
        return await connect_first(addresses, port, policy)
    return await open_first(addresses, lambda address: proxy.open_tunnel(address, port, policy))


async def _attach_transport(
    way: socket.socket | Tunnel, origin: Origin, address: IpAddress, tls: ssl.SSLContext | None
) -> EgressConnection:
    """Attach the event loop's transport to a way, TLS included. Raises OSError, which includes ssl.SSLError."""
    connection = EgressConnection(origin, address)
    name = origin.host.rstrip(".") if tls is not None else None
    try:
        if isinstance(way, Tunnel):
            await way.hand_over(connection, tls, name)
        else:
            await asyncio.get_running_loop().create_connection(
                lambda: connection, sock=way, ssl=tls, server_hostname=name
            )
    except BaseException:
        # The loop would close the socket gracefully, and a receiver that never ends its TLS would keep it open.
        connection.abort()
        raise
    return connection
