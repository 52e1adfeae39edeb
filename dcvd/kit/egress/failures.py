"""Describe why an exchange failed: by a kind, a finer reason and a sentence."""

import errno
import os
import re
import socket
import ssl
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

from cryptography import x509

from dcvd.core.http.exchanges import FailureReason, OwnFault, RepeatedExchange, Timings
from dcvd.core.text import make_printable, shorten
from dcvd.errors import Retryable
from dcvd.kit.egress.guard import AddressRefused
from dcvd.kit.egress.proxying.proxy_answers import ProxyFault
from dcvd.kit.tls.sent_chain import is_expired, is_not_yet_valid, read_common_name

EgressErrorKind = Literal["refused_by_policy", "dns", "connect", "tls", "timeout", "protocol"]


class EgressError(Retryable):
    """There was no answer; the message is a sentence.

    reason: a finer cause than `kind`, if one is known. is_retriable: a connection that had been idle turned out to be
    closed. own_fault: why our own machine is to blame, if it is. timings, remote_ip: those of the exchange; `remote_ip`
    is None without a connection. repeated: the exchange over a kept connection that came before. The client sets these
    four.
    """

    def __init__(
        self, kind: EgressErrorKind, reason: FailureReason | None, message: str, *, is_retriable: bool = False
    ) -> None:
        super().__init__(message, code=f"egress_{kind}")
        self.kind: EgressErrorKind = kind
        self.reason = reason
        self.is_retriable = is_retriable
        self.own_fault: OwnFault | None = None
        self.timings = Timings(total_ms=0)
        self.remote_ip: str | None = None
        self.repeated: RepeatedExchange | None = None


# The most informative first: among a name's addresses, one that refuses the connection says more than one to which we
# have no route.
_CONNECT_REASONS: Final = {
    errno.ECONNREFUSED: FailureReason.CONNECTION_REFUSED,
    errno.ECONNRESET: FailureReason.CONNECTION_REFUSED,
    errno.ECONNABORTED: FailureReason.CONNECTION_REFUSED,
    errno.ETIMEDOUT: FailureReason.HOST_UNREACHABLE,
    errno.EHOSTUNREACH: FailureReason.HOST_UNREACHABLE,
    errno.EHOSTDOWN: FailureReason.HOST_UNREACHABLE,
    errno.EMFILE: FailureReason.OWN_LIMIT,
    errno.ENFILE: FailureReason.OWN_LIMIT,
    errno.ENOBUFS: FailureReason.OWN_LIMIT,
    errno.ENOMEM: FailureReason.OWN_LIMIT,
    errno.EAGAIN: FailureReason.OWN_LIMIT,
    errno.EADDRNOTAVAIL: FailureReason.OWN_LIMIT,  # no local port is left
    errno.ENETUNREACH: FailureReason.NETWORK_UNREACHABLE,
    errno.ENETDOWN: FailureReason.NETWORK_UNREACHABLE,
    errno.EAFNOSUPPORT: FailureReason.NETWORK_UNREACHABLE,
    errno.EPERM: FailureReason.NETWORK_UNREACHABLE,  # a packet filter of this machine
    errno.EACCES: FailureReason.NETWORK_UNREACHABLE,  # likewise
}
_ERRNO_RANK: Final = {number: rank for rank, number in enumerate(_CONNECT_REASONS)}

# X509_V_ERR_* of OpenSSL's x509_vfy.h; every other code means a chain that is not trusted.
_CERTIFICATE_REASONS: Final = {
    9: FailureReason.CERTIFICATE_NOT_YET_VALID,
    10: FailureReason.CERTIFICATE_EXPIRED,
    18: FailureReason.CERTIFICATE_SELF_SIGNED,
    62: FailureReason.CERTIFICATE_WRONG_NAME,
    64: FailureReason.CERTIFICATE_WRONG_NAME,
    66: FailureReason.CERTIFICATE_WEAK,
    67: FailureReason.CERTIFICATE_WEAK,
    68: FailureReason.CERTIFICATE_WEAK,
}

# OpenSSL's names for what it refuses by itself, and for some of the alerts.
_TLS_REASONS: Final = {
    "UNSAFE_LEGACY_RENEGOTIATION_DISABLED": FailureReason.TLS_TOO_OLD,
    "UNSUPPORTED_PROTOCOL": FailureReason.TLS_TOO_OLD,
    "TLSV1_ALERT_PROTOCOL_VERSION": FailureReason.TLS_TOO_OLD,
    "DH_KEY_TOO_SMALL": FailureReason.TLS_TOO_OLD,
    "WRONG_SIGNATURE_TYPE": FailureReason.TLS_TOO_OLD,
    "BAD_DH_VALUE": FailureReason.TLS_TOO_OLD,
    "EE_KEY_TOO_SMALL": FailureReason.CERTIFICATE_WEAK,
    "CA_KEY_TOO_SMALL": FailureReason.CERTIFICATE_WEAK,
    "CA_MD_TOO_WEAK": FailureReason.CERTIFICATE_WEAK,
}
_CLIENT_CERTIFICATE_ALERT: Final = re.compile(
    r"ALERT_(?:NO_CERTIFICATE|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_(?:REVOKED|EXPIRED|UNKNOWN|REQUIRED)"
    r"|UNKNOWN_CA|ACCESS_DENIED)$"
)
"""Alerts about a certificate (RFC 8446, section 6.2): a server can only mean that of its client."""
_MAX_NAME_CHARS: Final = 100


def is_own_limit(error: OSError) -> bool:
    """Whether a call of the system failed because this machine has no descriptor, port or memory left."""
    return _CONNECT_REASONS.get(error.errno or 0) is FailureReason.OWN_LIMIT


def is_without_route(error: OSError) -> bool:
    """Whether a call of the system failed because this machine has no way to the address."""
    return _CONNECT_REASONS.get(error.errno or 0) is FailureReason.NETWORK_UNREACHABLE


def build_lookup_error(host: str, error: OSError) -> EgressError:
    """Build the error for a name whose lookup failed, or led to no address that may be dialled."""
    if isinstance(error, AddressRefused):
        return _build_refusal_error(error)
    is_name_server = isinstance(error, socket.gaierror) and error.errno != socket.EAI_MEMORY
    reason = FailureReason.NAME_SERVER_FAILED if is_name_server else FailureReason.OWN_LIMIT
    return EgressError("dns", reason, f"The name {host} cannot be resolved: {describe_error(error)}.")


def build_connect_error(host: str, port: int, errors: Sequence[OSError]) -> EgressError:
    """Build the error for a host none of whose addresses could be connected to; there is at least one."""
    for error in errors:
        if isinstance(error, AddressRefused):
            return _build_refusal_error(error)
    # A proxy that was asked for several addresses and connects to none is at fault only where it says so of all.
    errors_of_host = [error for error in errors if not isinstance(error, ProxyFault)]
    if not errors_of_host:
        fault = EgressError("connect", None, f"No way to {host} port {port}: {describe_error(errors[0])}.")
        fault.own_fault = OwnFault.PROXY
        return fault
    main_error = min(errors_of_host, key=lambda error: _ERRNO_RANK.get(error.errno or 0, len(_ERRNO_RANK)))
    reason = _CONNECT_REASONS.get(main_error.errno or 0, FailureReason.HOST_UNREACHABLE)
    return EgressError("connect", reason, f"{host} port {port} cannot be reached: {describe_error(main_error)}.")


def _build_refusal_error(error: AddressRefused) -> EgressError:
    kind: EgressErrorKind = "dns" if error.refusal.reason is FailureReason.NAME_NOT_PUBLIC else "refused_by_policy"
    return EgressError(kind, error.refusal.reason, error.refusal.message)


def build_tls_error(host: str, error: OSError, *, has_certificate: bool) -> EgressError:
    """Build the error for TLS that failed after the connection was made, in the handshake or by an alert after it.

    has_certificate: whether a client certificate was at hand.
    """
    reason, clause = FailureReason.TLS_HANDSHAKE, describe_error(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = _CERTIFICATE_REASONS.get(error.verify_code, FailureReason.CERTIFICATE_UNTRUSTED)
    elif isinstance(error, ssl.SSLError):
        name = error.reason or ""
        reason = _TLS_REASONS.get(name, reason)
        if _CLIENT_CERTIFICATE_ALERT.search(name):
            is_missing = not has_certificate or name.endswith("CERTIFICATE_REQUIRED")
            reason = FailureReason.CLIENT_CERTIFICATE_REFUSED
            clause = f"it refused our client certificate ({clause})"
            if is_missing:
                reason, clause = FailureReason.CLIENT_CERTIFICATE_REQUIRED, "it asks for a client certificate"
    return EgressError("tls", reason, f"No trusted TLS connection to {host}: {clause}.")


def build_date_error(host: str, chain: Sequence[x509.Certificate], now: datetime) -> EgressError | None:
    """Build the error for a chain of which a date was refused, the server's own certificate first.

    None where nothing is known of the chain.
    """
    if not chain:
        return None
    own = chain[0]
    expired = next((each for each in chain if is_expired(each, now)), None)
    early = next((each for each in chain if is_not_yet_valid(each, now)), None)
    if expired is own:
        reason, clause = (
            FailureReason.CERTIFICATE_EXPIRED,
            f"its certificate expired on {own.not_valid_after_utc:%Y-%m-%d}",
        )
    elif early is not None:
        reason = FailureReason.CERTIFICATE_NOT_YET_VALID
        whose = "its certificate" if early is own else "a certificate of its chain"
        clause = f"{whose} is valid from {early.not_valid_before_utc:%Y-%m-%d} on, not yet"
    elif expired is not None:
        reason = FailureReason.CHAIN_EXPIRED
        name = shorten(make_printable(read_common_name(expired.subject)), _MAX_NAME_CHARS)
        clause = f"the certificate {name!r} of its chain expired on {expired.not_valid_after_utc:%Y-%m-%d}"
    else:
        reason = FailureReason.TRUST_STORE_OUTDATED
        clause = "its certificates are valid, and the authority in our own trust store has expired"
    return EgressError("tls", reason, f"No trusted TLS connection to {host}: {clause}.")


def is_alert(error: ssl.SSLError) -> bool:
    """Whether it was the server that ended TLS, and said why."""
    return "ALERT" in (error.reason or "")


def describe_error(error: OSError) -> str:
    """Return the error as a clause, without a number and without a full stop."""
    if isinstance(error, ssl.SSLCertVerificationError):
        text = error.verify_message
    elif isinstance(error, ssl.SSLError):
        text = (error.reason or error.strerror or str(error)).replace("_", " ").lower()
    elif isinstance(error, TimeoutError) and error.errno is None:
        text = "it did not end the handshake in time"
    elif isinstance(error, ConnectionError) and error.errno is None:
        text = "it closed the connection"
    elif error.errno is not None and not isinstance(error, socket.gaierror):
        # Event loops put the address before the system's text, each in its own way; the caller names the host.
        text = os.strerror(error.errno)
    else:
        text = error.strerror or str(error) or type(error).__name__
    return text.rstrip(".")
