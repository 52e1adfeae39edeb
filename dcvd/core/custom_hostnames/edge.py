"""What serves a hostname over https, as a probe of the edge saw it."""

from enum import StrEnum
from typing import Literal

from msgspec import Struct

ProbeMode = Literal["activation", "always", "never"]
"""When hostnames are probed. `activation`: when one becomes active, when a person asks for a check, and as long as the
last probe found a fault. `always`: at each check of one that is active too."""


class EdgeOutcome(StrEnum):
    """What a probe found out."""

    SERVING = "serving"
    """There is a valid certificate. The answer, if there was one in time, is the application's."""
    ORIGIN_DOWN = "origin_down"
    """There is a valid certificate, and Cloudflare answers that it does not reach the operator's origin."""
    REFUSED = "refused"
    """There is a valid certificate, and Cloudflare answers that it does not serve the hostname."""
    NO_CERTIFICATE = "no_certificate"
    """The TLS handshake was ended without a certificate."""
    WRONG_CERTIFICATE = "wrong_certificate"
    """The certificate is one that browsers refuse."""
    UNREACHABLE = "unreachable"
    """No address takes a connection, or none answers over it."""
    UNKNOWN = "unknown"
    """It could not be found out, or the fault may be our own network's."""
    NOT_PROBED = "not_probed"
    """Probes are switched off."""


class CertificateFault(StrEnum):
    """Why browsers refuse a certificate."""

    WRONG_NAME = "wrong_name"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    UNTRUSTED = "untrusted"
    """It was issued by nobody whom browsers trust, itself included."""


class ServedCertificate(Struct, frozen=True, kw_only=True):
    """A certificate that a server sent. serial: as Cloudflare writes it, in decimal digits. names: some of
    the names that it is for. seen_at: when it was
    seen. Instants are in milliseconds."""

    serial: str
    names: tuple[str, ...]
    issuer: str
    issued_at: int
    expires_at: int
    seen_at: int


class EdgeObservation(Struct, frozen=True, kw_only=True):
    """What one probe saw.

    address: the one that was connected to, None where there was none. fault: what was wrong, as a sentence in English,
    for the evidence. certificate_fault: why the certificate is refused. certificate: the one that was refused, where it
    could be seen. status: that of the answer. cloudflare_error: the number of Cloudflare's own error in it (1000 to
    1999).
    """

    outcome: EdgeOutcome
    address: str | None = None
    fault: str | None = None
    certificate_fault: CertificateFault | None = None
    certificate: ServedCertificate | None = None
    status: int | None = None
    cloudflare_error: int | None = None
