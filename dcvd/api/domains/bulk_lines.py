"""Parsers of the lines of a bulk call."""

from typing import TypeVar

import msgspec
from msgspec import UNSET, Struct

from dcvd.api.domains.input import DomainToRemove, NewDomain, to_domain_request
from dcvd.core.dns.hostnames import normalise
from dcvd.core.domains.bulk import (
    MAX_ECHOED_NAME_CHARS,
    AddLine,
    DomainReference,
    RemoveLine,
    fingerprint_line,
    to_refusal,
)
from dcvd.errors import InvalidInput
from dcvd.http.bodies.body import decode
from dcvd.http.bodies.ndjson import RawLine
from dcvd.services.context import Context
from dcvd.services.domains.bulk_additions import validate_line

T = TypeVar("T", bound=Struct)


def parse_add_line(context: Context, line: RawLine, *, is_remembered: bool = True) -> AddLine:
    """Parse a line of a bulk call that adds; a mistake becomes the line's own refusal.

    is_remembered: whether the call has a key, under which outcomes are stored.
    """
    try:
        domain_request = to_domain_request(_read(line, NewDomain))
    except InvalidInput as error:
        fingerprint = fingerprint_line("add", line.content)
        return AddLine(number=line.number, fingerprint=fingerprint, name=None, content=to_refusal(error))
    return validate_line(context, line.number, domain_request, is_remembered=is_remembered)


def parse_remove_line(context: Context, line: RawLine) -> RemoveLine:
    """Parse a line of a bulk call that removes; a mistake becomes the line's own refusal."""
    fingerprint, name = fingerprint_line("remove", line.content), None
    try:
        selection = _read(line, DomainToRemove)
        fingerprint = fingerprint_line("remove", msgspec.json.encode(selection))
        name = None if selection.domain_name is UNSET else selection.domain_name[:MAX_ECHOED_NAME_CHARS]
        target = _read_target(context, selection)
        return RemoveLine(number=line.number, fingerprint=fingerprint, name=name, content=target)
    except InvalidInput as error:
        return RemoveLine(number=line.number, fingerprint=fingerprint, name=name, content=to_refusal(error))


def _read(line: RawLine, struct_type: type[T]) -> T:
    if line.fault is not None:
        raise line.fault
    return decode(line.content, struct_type, subject="The line")


def _read_target(context: Context, selection: DomainToRemove) -> DomainReference:
    if (selection.domain_id is UNSET) == (selection.domain_name is UNSET):
        raise InvalidInput("domainName", "Give domainId or domainName, one of the two.")
    if selection.domain_id is not UNSET:
        return DomainReference(id=selection.domain_id)
    assert selection.domain_name is not UNSET, "one of the two is given"
    return DomainReference(
        name=normalise(selection.domain_name, allowed_tlds=context.config.domains.allow_reserved_tlds)
    )
