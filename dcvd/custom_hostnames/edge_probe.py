"""Probe what serves a hostname: `GET https://NAME/` at the addresses that DNS has for it.

A fault counts only where the service's own name, asked the same way, has no such fault: whatever stands between us and
the Internet could make every name look so.
"""

import asyncio
import re
import ssl
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from ipaddress import ip_network
from pathlib import Path
from typing import Final, Protocol

import structlog
from cryptography import x509
from cryptography.x509.oid import NameOID
from msgspec.structs import replace

from dcvd import __version__
from dcvd.config import Config, Live, SocketAddress
from dcvd.core.addresses import IpAddress, parse_ip
from dcvd.core.custom_hostnames.edge import CertificateFault, EdgeObservation, EdgeOutcome, ServedCertificate
from dcvd.core.http.exchanges import FailureReason, HttpResponse
from dcvd.core.instants import SECOND
from dcvd.core.records.zone_use import HostAddresses
from dcvd.core.text import make_printable, shorten
from dcvd.errors import OwnLimitReached, Permanent
from dcvd.kit.clock import SystemClock
from dcvd.kit.egress.client import build_system_tls
from dcvd.kit.egress.connection import EgressConnection
from dcvd.kit.egress.dial import dial_addresses, fetch_certificate
from dcvd.kit.egress.failures import EgressError
from dcvd.kit.egress.guard import AddressRefused, EgressPolicy, select_permitted
from dcvd.kit.egress.progress import ExchangeProgress
from dcvd.kit.egress.request import Origin
from dcvd.metrics import Metrics

log = structlog.get_logger(__name__)

_PORT: Final = 443
_SHARE_OF_SUBJECT: Final = 0.6
"""Of the time, for the hostname itself; the rest is for the service's own name, where that is asked."""
_MAX_PROBES: Final = 16
_MAX_NAMES: Final = 4
_MAX_TEXT_CHARS: Final = 100
_CERTIFICATE_FAULTS: Final = {
    FailureReason.CERTIFICATE_EXPIRED: CertificateFault.EXPIRED,
    FailureReason.CERTIFICATE_NOT_YET_VALID: CertificateFault.NOT_YET_VALID,
    FailureReason.CERTIFICATE_SELF_SIGNED: CertificateFault.UNTRUSTED,
    FailureReason.CERTIFICATE_UNTRUSTED: CertificateFault.UNTRUSTED,
    FailureReason.CERTIFICATE_WRONG_NAME: CertificateFault.WRONG_NAME,
}
_OWN_REASONS: Final = frozenset({FailureReason.OWN_LIMIT, FailureReason.NETWORK_UNREACHABLE})
_CLOUDFLARE_ERROR: Final = re.compile(rb"error code: (1\d{3})\b|cf-error-code[^0-9]{1,20}(1\d{3})\b", re.IGNORECASE)
_REFUSALS: Final = frozenset({1000, 1001, 1002, 1003, 1004, 1014, 1018, 1023, 1034, 1036})
"""Cloudflare's errors by which it says that it does not serve the name ("Cloudflare 1xxx errors")."""
_ORIGIN_ERRORS: Final = frozenset({1016, 1033})
_ORIGIN_STATUSES: Final = frozenset({*range(520, 528), 530})
"""Statuses of Cloudflare's own, for an origin that it does not reach or does not understand."""


class AddressReader(Protocol):
    """Reads addresses in DNS, as `ZoneReader` of `dns/checks` does."""

    async def read_addresses(self, names: Sequence[str]) -> HostAddresses:
        """Return the addresses of hosts, all of them together."""


class EdgeProber:
    """Probes hostnames, some at once, each within a deadline."""

    def __init__(self, live_config: Live[Config], reader: AddressReader, metrics: Metrics) -> None:
        self._live_config = live_config
        self._reader = reader
        self._metrics = metrics
        self._now = SystemClock().now
        self._slots = asyncio.Semaphore(_MAX_PROBES)
        self._own_tls: tuple[str, int, ssl.SSLContext] | None = None

    async def probe(self, hostname: str, target: str, *, timeout_s: float) -> EdgeObservation:
        """Probe a hostname. target: the service's name to which it points. Never raises, but when cancelled."""
        config = self._live_config.value.sync
        if config.probe == "never":
            return EdgeObservation(outcome=EdgeOutcome.NOT_PROBED)
        try:
            async with asyncio.timeout(timeout_s), self._slots:
                tls = self._load_tls(config.probe_ca_file)
                subject = await self._look(hostname, tls, _SHARE_OF_SUBJECT * timeout_s)
                if subject.outcome in _FAULTS and await self._is_own_fault(subject, target, tls, timeout_s):
                    log.info("edge.own_fault", hostname=hostname, outcome=subject.outcome.value, fault=subject.fault)
                    subject = EdgeObservation(outcome=EdgeOutcome.UNKNOWN)
        except TimeoutError:
            subject = EdgeObservation(outcome=EdgeOutcome.UNKNOWN)
        except (OSError, OwnLimitReached, Permanent) as error:
            log.warning("edge.not_probed", hostname=hostname, error=str(error) or type(error).__name__)
            subject = EdgeObservation(outcome=EdgeOutcome.UNKNOWN)
        self._metrics.count_probe(subject.outcome.value)
        return subject

    async def _is_own_fault(self, subject: EdgeObservation, target: str, tls: ssl.SSLContext, timeout_s: float) -> bool:
        """Whether the service's own name has the same fault, or could not be asked either."""
        control = await self._look(target, tls, (1 - _SHARE_OF_SUBJECT) * timeout_s)
        return control.outcome in (subject.outcome, EdgeOutcome.UNKNOWN, EdgeOutcome.UNREACHABLE)

    async def _look(self, name: str, tls: ssl.SSLContext, timeout_s: float) -> EdgeObservation:
        """Ask one name once. Raises OSError and DcvdError where our own machine does not let us."""
        progress = ExchangeProgress(timeout_s)
        addresses, port, policy = await self._find_addresses(name)
        if not addresses:
            return EdgeObservation(outcome=EdgeOutcome.UNKNOWN)
        origin = Origin(name, port, tls=True, owner="")
        try:
            async with asyncio.timeout(progress.get_remaining_s()):
                connection = await dial_addresses(origin, addresses, policy, tls, progress)
        except TimeoutError:
            fault = f"{progress.remote_ip or name} did not answer within {timeout_s:g} s."
            return EdgeObservation(outcome=EdgeOutcome.UNREACHABLE, address=progress.remote_ip, fault=fault)
        except EgressError as error:
            return await self._judge_error(error, origin, policy, progress)
        return await _read_answer(connection, name, progress)

    async def _find_addresses(self, name: str) -> tuple[Sequence[IpAddress], int, EgressPolicy]:
        """Return the addresses that may be dialled, with the port and the policy."""
        fixed: SocketAddress | None = self._live_config.value.sync.probe_connect_to
        if fixed is not None:
            address = parse_ip(fixed.host)
            assert address is not None, "the configuration takes addresses alone"
            return (address,), fixed.port, _allow_only(address)
        policy = EgressPolicy(ports=frozenset({_PORT}))
        found = await self._reader.read_addresses([name])
        try:
            return select_permitted(name, _parse_all(found.found), _PORT, policy), _PORT, policy
        except AddressRefused as refused:
            log.info("edge.addresses_refused", hostname=name, detail=refused.detail)
            return (), _PORT, policy

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
            return replace(seen, outcome=EdgeOutcome.NO_CERTIFICATE)
        address = parse_ip(progress.remote_ip or "")
        certificate = None if address is None else await fetch_certificate(origin, address, policy, progress)
        return replace(
            seen,
            outcome=EdgeOutcome.WRONG_CERTIFICATE,
            certificate_fault=fault,
            certificate=_describe(certificate, self._now()),
        )

    def _load_tls(self, ca_file: Path | None) -> ssl.SSLContext:
        """Return the context with the authorities of a file, read anew where the file was changed. Raises OSError."""
        if ca_file is None:
            return build_system_tls()
        changed_at = ca_file.stat().st_mtime_ns
        if self._own_tls is None or self._own_tls[:2] != (str(ca_file), changed_at):
            self._own_tls = (str(ca_file), changed_at, ssl.create_default_context(cafile=ca_file))
        return self._own_tls[2]


_FAULTS: Final = frozenset({EdgeOutcome.UNREACHABLE, EdgeOutcome.NO_CERTIFICATE, EdgeOutcome.WRONG_CERTIFICATE})


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


def _describe(certificate: x509.Certificate | None, now: int) -> ServedCertificate | None:
    if certificate is None:
        return None
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = extension.value.get_values_for_type(x509.DNSName)
        issuers = certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
        issuer = str(issuers[0].value) if issuers else certificate.issuer.rfc4514_string()
    except (x509.ExtensionNotFound, ValueError):
        names, issuer = [], "an unreadable issuer"
    return ServedCertificate(
        names=tuple(shorten(make_printable(name), _MAX_TEXT_CHARS) for name in names[:_MAX_NAMES]),
        issuer=shorten(make_printable(issuer), _MAX_TEXT_CHARS),
        issued_at=int(certificate.not_valid_before_utc.timestamp()) * SECOND,
        expires_at=int(certificate.not_valid_after_utc.timestamp()) * SECOND,
        seen_at=now,
    )


def _allow_only(address: IpAddress) -> EgressPolicy:

    return EgressPolicy(allow_private=(ip_network(address),))


def _parse_all(texts: Iterable[str]) -> list[IpAddress]:
    return [address for text in sorted(texts) if (address := parse_ip(text)) is not None]
