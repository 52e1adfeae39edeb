"""What the edge does with a hostname; each state can be forced."""

from enum import StrEnum


class EdgeState(StrEnum):
    """How the edge answers for a name."""

    SERVING = "serving"
    NO_CERTIFICATE = "no_certificate"
    """The TLS handshake ends with an alert, as it does for a name that nobody has registered."""
    WRONG_NAME = "wrong_name"
    """The certificate is another name's."""
    EXPIRED = "expired"
    UNTRUSTED = "untrusted"
    """The certificate is of an authority that nobody trusts."""
    REFUSED = "refused"
    """The certificate is right, and the answer is Cloudflare's error 1001."""
    ORIGIN_DOWN = "origin_down"
    """The certificate is right, and the answer is Cloudflare's status 522."""
    SILENT = "silent"
    """Connections are taken, and nothing follows."""
    CLOSED = "closed"
    """Connections are taken, and closed."""
