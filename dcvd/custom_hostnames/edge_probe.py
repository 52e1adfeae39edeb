"""Probe what serves a hostname: `GET https://NAME/` at the addresses that DNS has for it.

A fault counts only where it is seen twice, and the service's own name, or Cloudflare's API, has none in between:
whatever stands between us and the Internet could make every name look so.
"""

import asyncio
import re
import ssl
from collections.abc import Callable, Collection, Sequence
from http import HTTPStatus
from ipaddress import ip_network
from pathlib import Path
from typing import Final, Protocol

import structlog
from cryptography import x509
from msgspec import Struct
from msgspec.structs import replace
from yarl import URL

from dcvd import __version__
from dcvd.config import Config, Live, SocketAddress
from dcvd.core.addresses import IpAddress, parse_ip
from dcvd.core.custom_hostnames.edge import CertificateFault, EdgeObservation, EdgeOutcome, ServedCertificate
from dcvd.core.http.exchanges import FailureReason, HttpResponse
from dcvd.core.instants import SECOND
from dcvd.core.records.zone_use import HostAddresses
from dcvd.core.text import make_printable, shorten
from dcvd.kit.clock import Clock, SystemClock
from dcvd.kit.egress.connection import EgressConnection
from dcvd.kit.egress.dial import dial_addresses, fetch_chain
from dcvd.kit.egress.failures import EgressError, is_alert
from dcvd.kit.egress.guard import AddressRefused, EgressPolicy, select_permitted
from dcvd.kit.egress.progress import ExchangeProgress
from dcvd.kit.egress.request import Origin
from dcvd.kit.limits.recent_entries import RecentEntries
from dcvd.kit.tls.sent_chain import read_common_name
from dcvd.kit.tls.trust import TrustStore, load_system_trust
from dcvd.metrics import Metrics

log = structlog.get_logger(__name__)

_PORT: Final = 443
_LOOK_SHARE: Final = 0.3
_CONTROL_SHARE: Final = 0.2
"""Of the time: for each of two looks at the hostname, and for each of two at names that show our own faults."""
_MAX_PROBES: Final = 16
_ADDRESSES_LIFETIME_S: Final = 30.0
_MAX_KNOWN_NAMES: Final = 64
_MAX_NAMES: Final = 4
_MAX_TEXT_CHARS: Final = 100
_CERTIFICATE_FAULTS: Final = {
    FailureReason.CERTIFICATE_EXPIRED: CertificateFault.EXPIRED,
    FailureReason.CERTIFICATE_NOT_YET_VALID: CertificateFault.NOT_YET_VALID,
    FailureReason.CERTIFICATE_SELF_SIGNED: CertificateFault.UNTRUSTED,
    FailureReason.CERTIFICATE_UNTRUSTED: CertificateFault.UNTRUSTED,
    FailureReason.CERTIFICATE_WRONG_NAME: CertificateFault.WRONG_NAME,
    FailureReason.CHAIN_EXPIRED: CertificateFault.EXPIRED,
    FailureReason.CERTIFICATE_WEAK: CertificateFault.UNTRUSTED,
}
_OWN_REASONS: Final = frozenset(
    {FailureReason.OWN_LIMIT, FailureReason.NETWORK_UNREACHABLE, FailureReason.TRUST_STORE_OUTDATED}
)
_CLOUDFLARE_ERROR: Final = re.compile(rb"error code: (1\d{3})\b|cf-error-code[^0-9]{1,20}(1\d{3})\b", re.IGNORECASE)
_REFUSALS: Final = frozenset({1000, 1001, 1002, 1003, 1004, 1014, 1018, 1023, 1034})
"""Cloudflare's errors by which it says that it does not serve the name ("Cloudflare 1xxx errors")."""
_ORIGIN_ERRORS: Final = frozenset({1016, 1033})
_ORIGIN_STATUSES: Final = frozenset({*range(520, 528), 530})
"""Statuses of Cloudflare's own, for an origin that it does not reach or does not understand."""


class AddressReader(Protocol):
    """Reads addresses in DNS, as `ZoneReader` of `dns/checks` does."""

    async def read_addresses(self, names: Sequence[str]) -> HostAddresses:
        """Return the addresses of hosts, all of them together."""


class _Place(Struct, frozen=True):
    """Where a name is asked for: addresses that may be dialled, the port, and the policy that permits them."""

    addresses: tuple[IpAddress, ...]
    port: int
    policy: EgressPolicy

    def keep_families(self, versions: Collection[int]) -> "_Place":
        """Return the place with the addresses of these IP versions alone."""
        return replace(self, addresses=tuple(each for each in self.addresses if each.version in versions))


class EdgeProber:
    """Probes hostnames, some at once, each within a deadline."""

    def __init__(
        self,
        live_config: Live[Config],
        reader: AddressReader,
        metrics: Metrics,
        get_trust: Callable[[], TrustStore] = load_system_trust,
        clock: Clock | None = None,
    ) -> None:
        self._live_config = live_config
        self._reader = reader
        self._get_trust = get_trust
        self._metrics = metrics
        self._now = (SystemClock() if clock is None else clock).now
        self._slots = asyncio.Semaphore(_MAX_PROBES)
        self._known = RecentEntries[str, tuple[float, list[str]]](_MAX_KNOWN_NAMES)
        self._own_trust: tuple[str, int, TrustStore] | None = None

    async def probe(
        self, hostname: str, target: str, addresses: Sequence[str] = (), *, timeout_s: float
    ) -> EdgeObservation:
        """Probe a hostname. Never raises, but when cancelled.

        target: the service's name to which it points. addresses: those that a check found of the hostname; empty where
        it leads to the target, whose addresses are its own then.
        """
        config = self._live_config.value.sync
        if config.probe == "never":
            return EdgeObservation(outcome=EdgeOutcome.NOT_PROBED)
        seen = EdgeObservation(outcome=EdgeOutcome.UNKNOWN)
        try:
            async with asyncio.timeout(timeout_s), self._slots:
                trust = self._load_trust(config.probe_ca_file)
                target_place = await self._find_place(target)
                place = self._permit(hostname, addresses) if addresses else target_place
                seen = await self._look(hostname, place, trust, _LOOK_SHARE * timeout_s)
                if seen.outcome in _FAULTS:
                    seen = await self._confirm(seen, hostname, place, (target, target_place), trust, timeout_s)
        except TimeoutError:
            seen = EdgeObservation(outcome=EdgeOutcome.UNKNOWN)
        except Exception as error:  # noqa: BLE001  # strangers' servers may break what reads them in any way
            log.warning("edge.not_probed", hostname=hostname, error=str(error) or type(error).__name__)
            seen = EdgeObservation(outcome=EdgeOutcome.UNKNOWN)
        self._metrics.count_probe(seen.outcome.value)
        return seen

    async def _confirm(
        self,
        seen: EdgeObservation,
        hostname: str,
        place: _Place,
        target: tuple[str, _Place],
        trust: TrustStore,
        timeout_s: float,
    ) -> EdgeObservation:
        """Return a fault that is seen twice, while our own network shows another name without it; else UNKNOWN."""
        families = {address.version for address in place.addresses}
        target_name, target_place = target
        control = await self._look(target_name, target_place.keep_families(families), trust, _CONTROL_SHARE * timeout_s)
        if control.outcome not in _HEALTHY:
            control = await self._look_at_api(control, families, trust, _CONTROL_SHARE * timeout_s)
        if control.outcome in _HEALTHY:
            again = await self._look(hostname, place, trust, _LOOK_SHARE * timeout_s)
            if again.outcome is seen.outcome:
                return again
        log.info("edge.not_confirmed", hostname=hostname, outcome=seen.outcome.value, fault=seen.fault)
        return EdgeObservation(outcome=EdgeOutcome.UNKNOWN)

    async def _look_at_api(
        self,
        control: EdgeObservation,
        families: Collection[int],
        trust: TrustStore,
        timeout_s: float,
    ) -> EdgeObservation:
        """Ask Cloudflare's API in the target's place: a target may have no certificate of its own."""
        url = URL(self._live_config.value.cloudflare.base_url)
        is_public = url.scheme == "https" and url.host is not None and url.explicit_port is None
        if not is_public or self._live_config.value.sync.probe_connect_to is not None:
            return control
        place = (await self._find_place(str(url.host))).keep_families(families)
        return await self._look(str(url.host), place, trust, timeout_s)

    async def _look(self, name: str, place: _Place, trust: TrustStore, timeout_s: float) -> EdgeObservation:
        """Ask one name once."""
        if not place.addresses:
            return EdgeObservation(outcome=EdgeOutcome.UNKNOWN)
        progress = ExchangeProgress(timeout_s)
        origin = Origin(name, place.port, tls=True, owner="")
        try:
            async with asyncio.timeout(progress.get_remaining_s()):
                connection = await dial_addresses(
                    origin, place.addresses, policy=place.policy, get_trust=lambda: trust, progress=progress
                )
        except TimeoutError:
            fault = f"{progress.remote_ip or name} did not answer within {timeout_s:g} s."
            return EdgeObservation(outcome=EdgeOutcome.UNREACHABLE, address=progress.remote_ip, fault=fault)
        except EgressError as error:
            return await self._judge_error(error, origin, place.policy, progress)
        return await _read_answer(connection, name, progress)

    async def _find_place(self, name: str) -> _Place:
        """Find where one of our own names, or Cloudflare's, is asked for."""
        if self._live_config.value.sync.probe_connect_to is not None:
            return self._permit(name, ())
        now, known = asyncio.get_running_loop().time(), self._known.get(name)
        if known is not None and now < known[0]:
            return self._permit(name, known[1])
        addresses = sorted((await self._reader.read_addresses([name])).found)
        if addresses:
            self._known[name] = (now + _ADDRESSES_LIFETIME_S, addresses)
        return self._permit(name, addresses)

    def _permit(self, name: str, texts: Sequence[str]) -> _Place:
        """Return the place with those of the addresses that may be dialled."""
        fixed: SocketAddress | None = self._live_config.value.sync.probe_connect_to
        if fixed is not None:
            address = parse_ip(fixed.host)
            assert address is not None, "the configuration takes addresses alone"
            return _Place((address,), fixed.port, EgressPolicy(allow_private=(ip_network(address),)))
        policy = EgressPolicy(ports=frozenset({_PORT}))
        parsed = [address for text in texts if (address := parse_ip(text)) is not None]
        try:
            return _Place(select_permitted(name, parsed, _PORT, policy), _PORT, policy)
        except AddressRefused as refused:
            log.info("edge.addresses_refused", hostname=name, detail=refused.detail)
            return _Place((), _PORT, policy)

    async def _judge_error(
        self, error: EgressError, origin: Origin, policy: EgressPolicy, progress: ExchangeProgress
    ) -> EdgeObservation:
        seen = EdgeObservation(
            outcome=EdgeOutcome.UNREACHABLE, address=progress.remote_ip, fault=make_printable(error.message)
        )
        if error.reason in _OWN_REASONS:
            return EdgeObservation(outcome=EdgeOutcome.UNKNOWN)
        if error.kind != "tls":
            return seen
        fault = None if error.reason is None else _CERTIFICATE_FAULTS.get(error.reason)
        if fault is None:
            return replace(seen, outcome=EdgeOutcome.NO_CERTIFICATE) if _is_ended_by_server(error) else seen
        address = parse_ip(progress.remote_ip or "")
        chain = [] if address is None else await fetch_chain(origin, address, policy, progress)
        return replace(
            seen,
            outcome=EdgeOutcome.WRONG_CERTIFICATE,
            certificate_fault=fault,
            certificate=_describe(chain[0], self._now()) if chain else None,
        )

    def _load_trust(self, ca_file: Path | None) -> TrustStore:
        """Return the authorities of a file alone, read anew where the file was changed. Raises OSError."""
        if ca_file is None:
            return self._get_trust()
        changed_at = ca_file.stat().st_mtime_ns
        if self._own_trust is None or self._own_trust[:2] != (str(ca_file), changed_at):
            self._own_trust = (str(ca_file), changed_at, TrustStore(ca_file, with_system=False))
        return self._own_trust[2]


_FAULTS: Final = frozenset({EdgeOutcome.UNREACHABLE, EdgeOutcome.NO_CERTIFICATE, EdgeOutcome.WRONG_CERTIFICATE})
_HEALTHY: Final = frozenset({EdgeOutcome.SERVING, EdgeOutcome.ORIGIN_DOWN, EdgeOutcome.REFUSED})
"""What shows that our own network, authorities and clock do for another name."""


def _is_ended_by_server(error: EgressError) -> bool:
    """Whether it was the server that ended the TLS handshake, by an alert or by closing the connection."""
    cause = error.__cause__
    return isinstance(cause, ConnectionError) or (isinstance(cause, ssl.SSLError) and is_alert(cause))


async def _read_answer(connection: EgressConnection, name: str, progress: ExchangeProgress) -> EdgeObservation:
    """Send the request over a connection with a valid certificate, and judge what the answer says of the edge."""
    seen = EdgeObservation(outcome=EdgeOutcome.SERVING, address=progress.remote_ip)
    request = (
        f"GET / HTTP/1.1\r\nHost: {name}\r\nUser-Agent: dcvd/{__version__}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    )
    try:
        answer = await connection.send(request.encode("ascii"), progress.deadline)
    finally:
        connection.abort()
    # An application may be slow, and may answer as it likes: what serves the name is known by then.
    return judge_answer(seen, answer) if isinstance(answer, HttpResponse) else seen


def judge_answer(seen: EdgeObservation, answer: HttpResponse) -> EdgeObservation:
    """Judge an answer that came with a valid certificate: only Cloudflare's own errors mean anything."""
    seen = replace(seen, status=answer.status)
    if answer.status < HTTPStatus.BAD_REQUEST or "cloudflare" not in answer.headers.get("server", "").lower():
        return seen
    found = _CLOUDFLARE_ERROR.search(answer.body)
    number = None if found is None else int(found[1] or found[2])
    if number in _REFUSALS:
        return replace(seen, outcome=EdgeOutcome.REFUSED, cloudflare_error=number)
    if number in _ORIGIN_ERRORS or (number is None and answer.status in _ORIGIN_STATUSES):
        return replace(seen, outcome=EdgeOutcome.ORIGIN_DOWN, cloudflare_error=number)
    return seen


def _describe(certificate: x509.Certificate, now: int) -> ServedCertificate | None:
    try:
        issuer = read_common_name(certificate.issuer)
        return ServedCertificate(
            serial=str(certificate.serial_number),
            names=tuple(shorten(make_printable(name), _MAX_TEXT_CHARS) for name in _read_names(certificate)),
            issuer=shorten(make_printable(issuer), _MAX_TEXT_CHARS),
            issued_at=int(certificate.not_valid_before_utc.timestamp()) * SECOND,
            expires_at=int(certificate.not_valid_after_utc.timestamp()) * SECOND,
            seen_at=now,
        )
    except Exception as error:  # noqa: BLE001  # made to be unreadable, it may fail in any way
        log.info("edge.certificate_unreadable", error=str(error) or type(error).__name__)
        return None


def _read_names(certificate: x509.Certificate) -> list[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return extension.value.get_values_for_type(x509.DNSName)[:_MAX_NAMES]
