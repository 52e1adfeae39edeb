"""Requests to add a domain, and their validation, for which nothing has to be looked up."""

from collections.abc import Collection, Mapping

from msgspec import UNSET, Struct, UnsetType

from dcvd.core.dns.hostnames import normalise
from dcvd.core.dns.refused_names import RefusedName
from dcvd.core.domains.domain import ValidationMethod
from dcvd.core.domains.labels import validate_external_id, validate_labels
from dcvd.core.domains.targets import belongs_to_service, service_name
from dcvd.core.sentences.sentence import say
from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput


class DomainRequest(Struct, frozen=True, kw_only=True):
    """A request to add a domain.

    validation: None leaves the choice to us. connection_id: the connection that writes the records.
    external_id, labels: what the organization attaches to it.
    """

    domain_name: str
    validation: ValidationMethod | None = None
    wildcard: bool = False
    connection_id: str | UnsetType = UNSET
    external_id: str | UnsetType = UNSET
    labels: Mapping[str, str] | UnsetType = UNSET


class ValidatedDomain(Struct, frozen=True, kw_only=True):
    """A domain that may be added if nobody has it yet: its name is normalised and its validation chosen.

    connection_id: the connection that is to write its records; nobody has checked yet that it exists.
    """

    name: str
    validation: ValidationMethod = "http"
    wildcard: bool = False
    connection_id: str | None = None
    external_id: str | None = None
    labels: Mapping[str, str] = {}


def validate_request(request: DomainRequest, *, target: str, allowed_tlds: Collection[str]) -> ValidatedDomain:
    """Validate a request; `target` is the configured one. Raises InvalidInput, which names the member at fault."""
    name = normalise(request.domain_name, allowed_tlds=allowed_tlds)
    if belongs_to_service(name, target):
        raise RefusedName("domainName", say("hostname_of_service", name=name, target=service_name(target)))
    if request.wildcard and request.validation == "http":
        message = word("wildcard_by_delegation")
        raise InvalidInput("validation", message)
    return ValidatedDomain(
        name=name,
        validation=request.validation or ("delegated" if request.wildcard else "http"),
        wildcard=request.wildcard,
        connection_id=None if request.connection_id is UNSET else request.connection_id,
        external_id=None if request.external_id is UNSET else validate_external_id(request.external_id),
        labels={} if request.labels is UNSET else validate_labels(request.labels),
    )
