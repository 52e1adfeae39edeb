"""Reach receivers through the operator's HTTP proxy, by tunnels to the very addresses that the guard judged."""

import asyncio
import base64
import ssl
from collections.abc import Callable, Sequence
from typing import Final

from yarl import URL

from dcvd import __version__
from dcvd.core.addresses import IpAddress
from dcvd.core.secret import Secret
from dcvd.kit.egress.connect import ConnectError, connect_first
from dcvd.kit.egress.failures import describe_error, is_own_limit
from dcvd.kit.egress.guard import EVERYWHERE, EgressPolicy, build_refusal, parse_literal_address, require_permitted
from dcvd.kit.egress.names import GuardedResolver
from dcvd.kit.egress.proxying.proxy_answers import ProxyFault, judge_connect_status
from dcvd.kit.egress.proxying.tunnel import Tunnel
from dcvd.kit.egress.system_resolver import SystemResolver
from dcvd.kit.tls.trust import TrustStore, load_system_trust

_LOOKUP_OWNER: Final = "proxy"


class HttpProxy:
    """The operator's proxy. Its own address is judged by no policy, since no tenant chose it."""

    def __init__(
        self,
        url: str,
        credentials: Secret | None = None,
        get_trust: Callable[[], TrustStore] = load_system_trust,
    ) -> None:
        """`url` is `http://` or `https://` with host and port. credentials: "user:password" (RFC 7617).

        get_trust: returns the authorities that may certify a proxy with `https://`.
        """
        parsed = URL(url)
        self._host = str(parsed.raw_host).lower()
        self._port = parsed.port or 0
        self._is_tls = parsed.scheme == "https"
        self._get_trust = get_trust
        self._resolver = GuardedResolver(EVERYWHERE, SystemResolver(1))
        self._fields = f"User-Agent: dcvd/{__version__}\r\n"
        if credentials is not None:
            encoded = base64.b64encode(credentials.reveal().encode()).decode()
            self._fields += f"Proxy-Authorization: Basic {encoded}\r\n"

    async def open_tunnel(self, address: IpAddress, port: int, policy: EgressPolicy) -> Tunnel:
        """Open a tunnel to an address that the policy permits, and that is not the proxy's own.

        Raises AddressRefused, ProxyFault, TargetNotReached, or OSError where this machine has no descriptor left. The
        caller sets the deadline; a cancellation leaves no socket behind.
        """
        require_permitted(address, port, policy)
        proxy_addresses = await self._find_addresses()
        if port == self._port and _unmap(address) in proxy_addresses:
            raise build_refusal(address, port, "the proxy itself")
        tunnel = await self._connect(proxy_addresses)
        # Never the name: the proxy would look it up anew, and what it found would be judged by nobody.
        authority = f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
        request = f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{self._fields}\r\n"
        try:
            refusal = judge_connect_status(await tunnel.ask(request.encode("ascii")))
            if refusal is not None:
                raise refusal
        except ProxyFault as fault:
            tunnel.close()
            raise self._build_fault(str(fault)) from fault
        except BaseException:
            tunnel.close()
            raise
        return tunnel

    async def _find_addresses(self) -> Sequence[IpAddress]:
        literal = parse_literal_address(self._host)
        if literal is not None:
            return (literal,)
        cached = self._resolver.get_cached(self._host, self._port)
        if cached is not None:
            return cached
        try:
            return await self._resolver.resolve(self._host, self._port, _LOOKUP_OWNER)
        except OSError as error:
            if is_own_limit(error):
                raise
            raise self._build_fault(f"its name cannot be resolved ({describe_error(error)})") from error

    async def _connect(self, addresses: Sequence[IpAddress]) -> Tunnel:
        try:
            connected_socket, _ = await connect_first(addresses, self._port, EVERYWHERE)
        except ConnectError as failed:
            limit = next((error for error in failed.errors if is_own_limit(error)), None)
            if limit is not None:
                raise limit from failed
            raise self._build_fault(f"it cannot be reached ({describe_error(failed.errors[0])})") from failed
        tls = self._get_trust().context if self._is_tls else None
        tunnel = Tunnel()
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: tunnel, sock=connected_socket, ssl=tls, server_hostname=self._host if tls is not None else None
            )
        except OSError as error:
            tunnel.close()
            what = "no trusted TLS connection to it" if isinstance(error, ssl.SSLError) else "TLS with it failed"
            raise self._build_fault(f"{what} ({describe_error(error)})") from error
        except BaseException:
            tunnel.close()
            raise
        return tunnel

    def _build_fault(self, clause: str) -> ProxyFault:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return ProxyFault(f"the proxy {host}:{self._port} is at fault: {clause}")


def _unmap(address: IpAddress) -> IpAddress:
    mapped = address.ipv4_mapped if address.version == 6 else None
    return address if mapped is None else mapped
