"""Describe why an exchange failed: by a kind, a finer reason and a sentence."""

import errno
import os
import socket
import ssl
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

from cryptography import x509

from dcvd.core.http.exchanges import FailureReason, RepeatedExchange, Timings
from dcvd.errors import Retryable
from dcvd.kit.egress.guard import AddressRefused

EgressErrorKind = Literal["refused_by_policy", "dns", "connect", "tls", "timeout", "protocol"]


class EgressError(Retryable):
    """There was no answer; the message is a sentence.

    reason: a finer cause than `kind`, if one is known. is_retriable: a connection that had been idle turned out to be
    closed. is_own_fault: our own machine was to blame. timings, remote_ip: those of the exchange; `remote_ip` is
    None without a connection. repeated: the exchange over a kept connection that came before. The client sets these
    four.
    """

    def __init__(
        self, kind: EgressErrorKind, reason: FailureReason | None, message: str, *, is_retriable: bool = False
    ) -> None:
        super().__init__(message, code=f"egress_{kind}")
        self.kind: EgressErrorKind = kind
        self.reason = reason
        self.is_retriable = is_retriable
        self.is_own_fault = False
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
}


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
    main_error = min(errors, key=lambda error: _ERRNO_RANK.get(error.errno or 0, len(_ERRNO_RANK)))
    reason = _CONNECT_REASONS.get(main_error.errno or 0, FailureReason.HOST_UNREACHABLE)
    return EgressError("connect", reason, f"{host} port {port} cannot be reached: {describe_error(main_error)}.")


def _build_refusal_error(error: AddressRefused) -> EgressError:
    kind: EgressErrorKind = "dns" if error.refusal.reason is FailureReason.NAME_NOT_PUBLIC else "refused_by_policy"
    return EgressError(kind, error.refusal.reason, error.refusal.message)


def build_handshake_error(
    host: str, error: OSError, certificate: x509.Certificate | None, now: datetime
) -> EgressError:
    """Build the error for a TLS handshake that failed after the connection was made.

    certificate: the receiver's own, if a date of one in its chain was refused and it could be fetched. If its dates are
    good, another one of the chain was refused.
    """
    reason, clause = certificate_reason(error) or FailureReason.TLS_HANDSHAKE, describe_error(error)
    if certificate is not None and certificate.not_valid_after_utc < now:
        reason = FailureReason.CERTIFICATE_EXPIRED
        clause = f"its certificate expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
    elif certificate is not None and certificate.not_valid_before_utc > now:
        reason = FailureReason.CERTIFICATE_NOT_YET_VALID
        clause = f"its certificate is valid from {certificate.not_valid_before_utc:%Y-%m-%d} on, not yet"
    return EgressError("tls", reason, f"No trusted TLS connection to {host}: {clause}.")


def certificate_reason(error: OSError) -> FailureReason | None:
    """Return what is wrong with the certificate; None when the certificate is not the cause."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return None
    return _CERTIFICATE_REASONS.get(error.verify_code, FailureReason.CERTIFICATE_UNTRUSTED)


def describe_error(error: OSError) -> str:
    """Return the error as a clause, without a number and without a full stop."""
    if isinstance(error, ssl.SSLCertVerificationError):
        text = error.verify_message
    elif isinstance(error, ssl.SSLError):
        text = (error.reason or error.strerror or str(error)).replace("_", " ").lower()
    elif isinstance(error, ConnectionError) and error.errno is None:
        text = "it closed the connection"
    elif error.errno is not None and not isinstance(error, socket.gaierror):
        # Event loops put the address before the system's text, each in its own way; the caller names the host.
        text = os.strerror(error.errno)
    else:
        text = error.strerror or str(error) or type(error).__name__
    return text.rstrip(".")
