"""What can be asked for a new domain, before anything is looked up."""

from collections.abc import Collection

from msgspec import UNSET, Struct, UnsetType

from dcvd.core.domains.domain import Validation
from dcvd.core.domains.hostnames import normalise
from dcvd.core.domains.targets import is_the_services, service_name
from dcvd.errors import InvalidInput


class Wish(Struct, frozen=True, kw_only=True):
    """A domain as somebody asks for it; `validation` None is left to us, without a connection no record is written."""

    domain_name: str
    validation: Validation | None = None
    wildcard: bool = False
    connection_id: str | UnsetType = UNSET


class Addition(Struct, frozen=True, kw_only=True):
    """A domain that may be added if nobody has it: the name is normalised, the rest decided.

    connection_id: the connection that writes its records, if the organization has it.
    """

    name: str
    validation: Validation = "http"
    wildcard: bool = False
    connection_id: str | None = None


def checked(wish: Wish, *, target: str, allowed_tlds: Collection[str]) -> Addition:
    """What a wish comes to; `target` is the configured one. Raises InvalidInput, naming the member at fault."""
    name = normalise(wish.domain_name, allowed_tlds=allowed_tlds)
    if is_the_services(name, target):
        message = f"{name} belongs to this service itself: customers point their names to {service_name(target)}."
        raise InvalidInput("domainName", message, code="hostname_invalid")
    if wish.wildcard and wish.validation == "http":
        message = "A wildcard certificate is validated by delegation only: leave validation out, or say delegated."
        raise InvalidInput("validation", message)
    return Addition(
        name=name,
        validation=wish.validation or ("delegated" if wish.wildcard else "http"),
        wildcard=wish.wildcard,
        connection_id=None if wish.connection_id is UNSET else wish.connection_id,
    )
