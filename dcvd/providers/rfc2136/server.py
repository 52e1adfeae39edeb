"""Exchange signed messages with a tenant's name server over TCP.

The tenant may name any server, so its addresses are checked, and exactly the checked ones are dialled. Only what a
signature covers is believed.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import dns.exception
import dns.message
import dns.rcode
import dns.tsig
import structlog
from dns.message import Message
from msgspec.structs import replace

from dcvd.core.connections.credentials import TsigKey
from dcvd.core.http.exchanges import FailureReason
from dcvd.dns.messages.query import has_too_many_records
from dcvd.errors import Permanent, RemoteError, Retryable, Unauthorized
from dcvd.kit.egress.guard import AddressRefused, EgressPolicy, create_guarded_socket
from dcvd.kit.egress.names import GuardedResolver
from dcvd.kit.egress.system_resolver import SystemResolver
from dcvd.providers.rfc2136.key import build_key

log = structlog.get_logger(__name__)

_PORT: Final = 53
MAX_LOOKUPS: Final = 32
_MAX_ADDRESSES: Final = 4
_MAX_MESSAGE_BYTES: Final = 16_384
_HEADER_BYTES: Final = 12


class UpdateServers:
    """The servers that may be dialled, for the whole process. On public addresses only port 53 is allowed.

    names: looks up their names, in shares for the organizations that have named them.
    """

    def __init__(self, policy: EgressPolicy) -> None:
        self.policy = replace(policy, ports=frozenset({_PORT}))
        self.names = GuardedResolver(self.policy, SystemResolver(MAX_LOOKUPS))


class SignedStream:
    """One connection, which carries one message after another. The caller sets the deadlines."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: dns.tsig.Key, server: str
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._key = key
        self._server = server

    async def exchange(self, message: Message) -> Message:
        """Send a message and return the answer, its signature verified, whatever its rcode.

        Raises Unauthorized if the server refuses our key or signs with another one, Retryable for an unusable answer,
        and OSError or EOFError if the connection breaks.
        """
        message.use_tsig(self._key, algorithm=self._key.algorithm)
        wire = message.to_wire()
        self._writer.write(struct.pack("!H", len(wire)) + wire)
        (length,) = struct.unpack("!H", await self._reader.readexactly(2))
        if not _HEADER_BYTES <= length <= _MAX_MESSAGE_BYTES:
            raise Retryable(f"{self._server} answered with {length} bytes.", code="provider_unavailable")
        received = await self._reader.readexactly(length)
        if has_too_many_records(received):
            raise Retryable(f"{self._server} answered with too many records.", code="provider_unavailable")
        answer = self._verify(received, message)
        if not message.is_response(answer):
            raise Retryable(f"{self._server} answered another query.", code="provider_unavailable")
        return answer

    def _verify(self, wire: bytes, message: Message) -> Message:
        try:
            unverified = dns.message.from_wire(wire, keyring=False, ignore_trailing=True)
            if not unverified.had_tsig:
                raise self._unsigned_error(unverified.rcode())
            return dns.message.from_wire(wire, keyring=self._key, request_mac=message.mac, ignore_trailing=True)
        except (dns.tsig.PeerBadTime, dns.tsig.BadTime) as error:
            raise Retryable(
                f"The clocks of {self._server} and of dcvd differ by more than a signature allows (5 minutes).",
                code="clocks_differ",
            ) from error
        except (dns.tsig.PeerError, dns.tsig.BadSignature, dns.tsig.BadKey, dns.tsig.BadAlgorithm) as error:
            raise key_refused_error(f"{self._server} does not accept the TSIG key ({type(error).__name__}).") from error
        except (dns.exception.DNSException, ValueError, IndexError) as error:
            raise Retryable(
                f"{self._server} answered what is no DNS message ({type(error).__name__}).", code="provider_unavailable"
            ) from error

    def _unsigned_error(self, rcode: dns.rcode.Rcode) -> RemoteError:
        """The error for an answer without a signature: anybody on the way could have sent it."""
        message = f"{self._server} answered without a signature ({dns.rcode.to_text(rcode)})"
        if rcode == dns.rcode.SERVFAIL:
            return Retryable(f"{message}.", code="provider_unavailable")
        return key_refused_error(f"{message}: it does not know the TSIG key, or does not let it do this.")


def key_refused_error(message: str) -> Unauthorized:
    """The error for a server that does not accept the key."""
    return Unauthorized(message, code="provider_unauthorized")


@asynccontextmanager
async def connect(tsig: TsigKey, servers: UpdateServers, org_id: str) -> AsyncIterator[SignedStream]:
    """Connect, for an organization, to the first of the server's addresses that accepts a connection.

    Raises Permanent if no address may be dialled, Retryable if none answers or the connection breaks inside the block.
    """
    key = build_key(tsig)
    address = tsig.server if tsig.port == _PORT else f"{tsig.server} port {tsig.port}"
    try:
        connection = await _dial(tsig, servers, org_id)
        try:
            reader, writer = await asyncio.open_connection(sock=connection, limit=_MAX_MESSAGE_BYTES)
        except BaseException:
            connection.close()
            raise
        try:
            yield SignedStream(reader, writer, key, address)
        finally:
            writer.transport.abort()
    except AddressRefused as error:
        log.info("rfc2136.address_refused", server=address, detail=error.detail)
        # The message does not say where the name leads: a tenant could explore our networks by it.
        is_port_refused = error.refusal.reason is FailureReason.PORT_NOT_ALLOWED
        why = f"port {_PORT} is the only one" if is_port_refused else "it leads to no public address"
        raise Permanent(f"{address} may not be called: {why}.", code="address_refused") from error
    except EOFError as error:
        raise Retryable(f"{address} closed the connection without an answer.", code="provider_unavailable") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Retryable(f"{address} cannot be reached: {reason}.", code="provider_unavailable") from error


async def _dial(tsig: TsigKey, servers: UpdateServers, org_id: str) -> socket.socket:
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    for address in (await servers.names.resolve(tsig.server, tsig.port, org_id))[:_MAX_ADDRESSES]:
        connection = create_guarded_socket(address, tsig.port, servers.policy)
        try:
            await loop.sock_connect(connection, (str(address), tsig.port))
        except BaseException as error:
            connection.close()
            if not isinstance(error, OSError):
                raise
            failure = error
        else:
            return connection
    raise failure or OSError("the name has no address")
