"""Client certificates that endpoints ask for: read from what a tenant gives."""

from msgspec import Struct, UnsetType

from dcvd.core.http.client_certificates import ClientCredentials
from dcvd.core.secret import Secret
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.errors import InvalidInput
from dcvd.kit.tls.client_certificate import (
    BadClientCertificate,
    ReadClientCertificate,
    build_credentials,
    read_client_certificate,
)
from dcvd.services.context import Context
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.webhooks import endpoints

_FIELD = "clientCertificate"


class NewClientCertificate(Struct, frozen=True, kw_only=True):
    """A client certificate as a tenant gives it: the certificate with its chain, and its key, both in PEM."""

    certificate: str
    private_key: Secret


def validate(context: Context, given: NewClientCertificate) -> ReadClientCertificate:
    """Read a client certificate. Raises InvalidInput naming the member at fault."""
    try:
        return read_client_certificate(given.certificate, given.private_key, context.now())
    except BadClientCertificate as error:
        if error.part == "certificate":
            raise InvalidInput(f"{_FIELD}.certificate", str(error), code="bad_certificate") from error
        # Not chained: what caused it might quote the key.
        raise InvalidInput(f"{_FIELD}.privateKey", str(error), code="bad_private_key") from None


def validate_change(
    context: Context, given: NewClientCertificate | UnsetType | None
) -> ReadClientCertificate | UnsetType | None:
    """Read a client certificate where one is given; None removes the present one. Raises as `validate` does."""
    return validate(context, given) if isinstance(given, NewClientCertificate) else given


def store(context: Context, tx: Transaction, endpoint: Endpoint, certificate: ReadClientCertificate | None) -> None:
    """Store the certificate of an endpoint, sealed; None removes the one that it has."""
    shown = None if certificate is None else certificate.shown
    credentials = None if certificate is None else certificate.credentials
    endpoints.set_client_certificate(tx, context.vault, endpoint.org_id, endpoint.id, shown, credentials)


def unseal(context: Context, snapshot: Snapshot, endpoint: Endpoint) -> ClientCredentials | None:
    """Unseal the certificate of an endpoint, None where it has none. Raises VaultError."""
    if endpoint.client_certificate is None:
        # Nearly no endpoint has one, so nothing is read.
        return None
    pem = endpoints.unseal_client_certificate(snapshot, context.vault, endpoint.org_id, endpoint.id)
    return None if pem is None else build_credentials(pem)
