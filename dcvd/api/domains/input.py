"""Domains as callers ask for them, and the lines of a bulk call."""

from typing import TypeVar

import msgspec
from msgspec import UNSET, Struct

from dcvd.api.http.body import decoded
from dcvd.api.http.ndjson import RawLine
from dcvd.core.domains.additions import Wish
from dcvd.core.domains.bulk import LONGEST_ECHO, AddLine, RemoveLine, Target, fingerprint, refusal
from dcvd.core.domains.domain import Validation
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
    validation: Validation | None = None
    wildcard: bool = False
    connection_id: str | None = None


class DomainToRemove(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One of the two."""

    domain_id: str | None = None
    domain_name: str | None = None


def wish(given: NewDomain) -> Wish:
    """What a caller asks for."""
    return Wish(
        domain_name=given.domain_name,
        validation=given.validation,
        wildcard=given.wildcard,
        connection_id=UNSET if given.connection_id is None else given.connection_id,
    )


def add_line(context: Context, line: RawLine) -> AddLine:
    """A line of a bulk call that adds; what is wrong with it stays with it."""
    mark, name = fingerprint("add", line.content), None
    try:
        asked = wish(_read(line, NewDomain))
        mark, name = fingerprint("add", msgspec.json.encode(asked)), asked.domain_name[:LONGEST_ECHO]
        return AddLine(number=line.number, fingerprint=mark, name=name, wanted=additions.check(context, asked))
    except InvalidInput as error:
        return AddLine(number=line.number, fingerprint=mark, name=name, wanted=refusal(error))


def remove_line(context: Context, line: RawLine) -> RemoveLine:
    """A line of a bulk call that removes; what is wrong with it stays with it."""
    mark, name = fingerprint("remove", line.content), None
    try:
        given = _read(line, DomainToRemove)
        mark = fingerprint("remove", msgspec.json.encode(given))
        name = None if given.domain_name is None else given.domain_name[:LONGEST_ECHO]
        return RemoveLine(number=line.number, fingerprint=mark, name=name, wanted=_target(context, given))
    except InvalidInput as error:
        return RemoveLine(number=line.number, fingerprint=mark, name=name, wanted=refusal(error))


def _read(line: RawLine, kind: type[T]) -> T:
    if line.fault is not None:
        raise line.fault
    return decoded(line.content, kind, whole="The line")


def _target(context: Context, given: DomainToRemove) -> Target:
    if (given.domain_id is None) == (given.domain_name is None):
        raise InvalidInput("domainName", "Give domainId or domainName, one of the two.")
    if given.domain_name is None:
        return Target(id=given.domain_id)
    return Target(name=normalise(given.domain_name, allowed_tlds=context.config.domains.allow_reserved_tlds))
