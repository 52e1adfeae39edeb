"""The domains that callers want to add or remove."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from dcvd.core.domains.additions import DomainRequest
from dcvd.core.domains.domain import ValidationMethod
from dcvd.core.domains.labels import LabelsChange


class NewDomain(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A customer's hostname, in Unicode or in A-labels.

    `validation`: how the CA is shown who controls the name. `http`, the default: by the CNAME that carries the traffic.
    `delegated`: by a CNAME at `_acme-challenge`, also before any traffic moves; `wildcard` certificates need it.
    `connectionId`: the connection to the customer's DNS provider, through which the records are written at once.
    `externalId`, `labels`: what you attach to it for your own use; events carry both.
    """

    domain_name: str
    validation: ValidationMethod | None = None
    wildcard: bool = False
    connection_id: str | None = None
    external_id: Annotated[str | None, Meta(description="Your own id of it or of its customer.")] = None
    labels: Annotated[dict[str, str], Meta(description="Your labels of it: texts by keys of your choice.")] = {}


class DomainChange(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What you attach to the domain from now on; what is absent stays. `externalId` null: none.

    `labels` are merged (RFC 7396): a text sets a label, null removes it, and null for all of `labels` removes all.
    """

    external_id: Annotated[
        str | UnsetType | None, Meta(description="Your own id of it or of its customer; null: none.")
    ] = UNSET
    labels: Annotated[
        dict[str, str | None] | UnsetType | None,
        Meta(description="Those that are named are set, and null removes one (RFC 7396); the others stay."),
    ] = UNSET

    @property
    def change(self) -> LabelsChange:
        """The change that services take."""
        return LabelsChange(external_id=self.external_id, labels=self.labels)


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
        external_id=UNSET if domain.external_id is None else domain.external_id,
        labels=domain.labels or UNSET,
    )


def to_new_domain(request: DomainRequest) -> NewDomain:
    """Translate a request, without a connection, into the JSON body."""
    return NewDomain(
        domain_name=request.domain_name,
        validation=request.validation,
        wildcard=request.wildcard,
        external_id=None if request.external_id is UNSET else request.external_id,
        labels={} if request.labels is UNSET else dict(request.labels),
    )
