"""Domains as callers ask for them, and the lines of a bulk call."""

from typing import TypeVar

import msgspec
from msgspec import UNSET, Struct

from dcvd.api.http.body import decode
from dcvd.api.http.ndjson import RawLine
from dcvd.core.domains.additions import DomainRequest
from dcvd.core.domains.bulk import (
    LONGEST_ECHOED_NAME,
    AddLine,
    DomainReference,
    RemoveLine,
    fingerprint_line,
    to_refusal,
)
from dcvd.core.domains.domain import ValidationMethod
from dcvd.core.domains.hostnames import normalise
from dcvd.errors import InvalidInput
from dcvd.services.context import Context
from dcvd.services.domains import additions

T = TypeVar("T", bound=Struct)


class NewDomain(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A customer's hostname, in Unicode or in A-labels.

    `validation`: how the CA is shown whose the name is. `http`, the default: by the CNAME that carries the traffic.
    `delegated`: by a CNAME at `_acme-challenge`, also before any traffic moves; `wildcard` certificates need it.
    `connectionId`: the connection to the customer's DNS provider through which the records are written at once.
    """

    domain_name: str
    validation: ValidationMethod | None = None
    wildcard: bool = False
    connection_id: str | None = None


class DomainToRemove(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One of the two."""

    domain_id: str | None = None
    domain_name: str | None = None


def to_domain_request(domain: NewDomain) -> DomainRequest:
    """What a caller asks for."""
    return DomainRequest(
        domain_name=domain.domain_name,
        validation=domain.validation,
        wildcard=domain.wildcard,
        connection_id=UNSET if domain.connection_id is None else domain.connection_id,
    )


def parse_add_line(context: Context, line: RawLine) -> AddLine:
    """A line of a bulk call that adds; what is wrong with it stays with it."""
    mark, name = fingerprint_line("add", line.content), None
    try:
        asked = to_domain_request(_read(line, NewDomain))
        mark, name = fingerprint_line("add", msgspec.json.encode(asked)), asked.domain_name[:LONGEST_ECHOED_NAME]
        return AddLine(number=line.number, fingerprint=mark, name=name, content=additions.validate(context, asked))
    except InvalidInput as error:
        return AddLine(number=line.number, fingerprint=mark, name=name, content=to_refusal(error))


def parse_remove_line(context: Context, line: RawLine) -> RemoveLine:
    """A line of a bulk call that removes; what is wrong with it stays with it."""
    mark, name = fingerprint_line("remove", line.content), None
    try:
        given = _read(line, DomainToRemove)
        mark = fingerprint_line("remove", msgspec.json.encode(given))
        name = None if given.domain_name is None else given.domain_name[:LONGEST_ECHOED_NAME]
        return RemoveLine(number=line.number, fingerprint=mark, name=name, content=_read_target(context, given))
    except InvalidInput as error:
        return RemoveLine(number=line.number, fingerprint=mark, name=name, content=to_refusal(error))


def _read(line: RawLine, struct_type: type[T]) -> T:
    if line.fault is not None:
        raise line.fault
    return decode(line.content, struct_type, subject="The line")


def _read_target(context: Context, selection: DomainToRemove) -> DomainReference:
    if (selection.domain_id is None) == (selection.domain_name is None):
        raise InvalidInput("domainName", "Give domainId or domainName, one of the two.")
    if selection.domain_name is None:
        return DomainReference(id=selection.domain_id)
    return DomainReference(
        name=normalise(selection.domain_name, allowed_tlds=context.config.domains.allow_reserved_tlds)
    )
