"""The lines of a bulk call, as they were sent."""

from typing import TypeVar

import msgspec
from msgspec import Struct

from dcvd.api.domains.input import DomainToRemove, NewDomain, to_domain_request
from dcvd.api.http.body import decode
from dcvd.api.http.ndjson import RawLine
from dcvd.core.domains.bulk import (
    LONGEST_ECHOED_NAME,
    AddLine,
    DomainReference,
    RemoveLine,
    fingerprint_line,
    to_refusal,
)
from dcvd.core.domains.hostnames import normalise
from dcvd.errors import InvalidInput
from dcvd.services.context import Context
from dcvd.services.domains import additions

T = TypeVar("T", bound=Struct)


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
