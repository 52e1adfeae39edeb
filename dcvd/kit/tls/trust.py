"""Whom we trust to certify servers."""

import functools
import os
import ssl
from pathlib import Path
from typing import Final

from dcvd.core.http.client_certificates import ClientCredentials
from dcvd.kit.tls.client_contexts import ClientContexts

VERIFY_FLAGS: Final = ssl.VerifyFlags.VERIFY_X509_TRUSTED_FIRST | ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
"""How chains are judged, with every version of Python alike.

Python 3.13 began to ask for `VERIFY_X509_STRICT`, by which certificates without an authority key identifier are
refused: many private authorities issue such. A certificate of the store ends a chain, be it a root or not.
"""


class TrustStore:
    """Certificate authorities as they were when it was made: the system's, and those of a file.

    context: trusts them, and shows no client certificate.
    """

    def __init__(self, ca_file: Path | None = None, *, with_system: bool = True) -> None:
        """Read the authorities, which takes some 40 ms. Raises OSError, which ssl.SSLError is, where the file is bad.

        ca_file: PEM.
        """
        # Behind a line of its own, since an empty text is another error than one without a certificate.
        ca_pem = None if ca_file is None else "\n" + ca_file.read_text("ascii", errors="ignore")
        self.context = _build_context(ca_pem, with_system)
        # Not a method of this object: the circle would keep a dropped store, of most of a megabyte, for a long time.
        build = functools.partial(_build_client_context, ca_pem, with_system)
        self._client_contexts = ClientContexts(build)

    async def find_context(self, credentials: ClientCredentials | None, owner: str) -> ssl.SSLContext:
        """Return the context that shows the owner's client certificate, if one is given.

        Raises ssl.SSLError for a bad one.
        """
        return self.context if credentials is None else await self._client_contexts.find(credentials, owner)


def _build_client_context(ca_pem: str | None, with_system: bool, credentials: ClientCredentials) -> ssl.SSLContext:
    context = _build_context(ca_pem, with_system)
    load_credentials(context, credentials)
    return context


def _build_context(ca_pem: str | None, with_system: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags = VERIFY_FLAGS
    context.set_alpn_protocols(["http/1.1"])
    if with_system:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if ca_pem is not None:
        context.load_verify_locations(cadata=ca_pem)
    return context


def load_credentials(context: ssl.SSLContext, credentials: ClientCredentials) -> None:
    """Let a context show a client certificate. Raises ssl.SSLError where OpenSSL refuses it."""
    # Python reads certificates from files alone; this one is in memory, and ends with its descriptor.
    descriptor = os.memfd_create("client certificate", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(credentials.pem.reveal().encode("ascii"))
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


@functools.cache
def load_system_trust() -> TrustStore:
    """Return the system's authorities as they were at the first call."""
    return TrustStore()
