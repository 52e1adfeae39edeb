"""The domains that callers want to add or remove."""

from msgspec import UNSET, Struct, UnsetType

from dcvd.core.domains.additions import DomainRequest
from dcvd.core.domains.domain import ValidationMethod


class NewDomain(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A customer's hostname, in Unicode or in A-labels.

    `validation`: how the CA is shown who controls the name. `http`, the default: by the CNAME that carries the traffic.
    `delegated`: by a CNAME at `_acme-challenge`, also before any traffic moves; `wildcard` certificates need it.
    `connectionId`: the connection to the customer's DNS provider, through which the records are written at once.
    """

    domain_name: str
    validation: ValidationMethod | None = None
    wildcard: bool = False
    connection_id: str | None = None


class DomainToRemove(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The domain that a line removes: give one of the two members."""

    domain_id: str | UnsetType = UNSET
    domain_name: str | UnsetType = UNSET


def to_domain_request(domain: NewDomain) -> DomainRequest:
    """Translate the JSON body into the request that services take."""
    return DomainRequest(
        domain_name=domain.domain_name,
        validation=domain.validation,
        wildcard=domain.wildcard,
        connection_id=UNSET if domain.connection_id is None else domain.connection_id,
    )
