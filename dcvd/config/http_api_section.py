"""The description of a provider's JSON API: where zones and records are, and how records are written.

Paths are templates (`core.http.request_templates`) after `providers.other.api_base_url`. Members are named by their
path in the answer (`core.http.json_members`); those of a zone or a record start at the entry of the list.
"""

from collections.abc import Collection
from typing import Annotated, Final, Literal, get_args

import msgspec

from dcvd.config.key_annotations import ConfigKey
from dcvd.config.validators import Validator, boolean, integer, list_of, one_of, text, text_matching
from dcvd.core.http.json_members import validate_member_path
from dcvd.core.http.request_templates import find_placeholders, validate_body_template, validate_path_template

RecordNames = Literal["relative", "absolute"]

_ZONE_PLACEHOLDERS: Final = ("account", "zone", "zone_id")
_NAME_PLACEHOLDERS: Final = (*_ZONE_PLACEHOLDERS, "name", "label")


def _path_validator(allowed: Collection[str], required: Collection[str] = ()) -> Validator[str]:
    known = f"no placeholder but {_format_placeholders(allowed)}" if allowed else "no placeholder"
    needed = f", and always {_format_placeholders(required)}" if required else ""
    return text(
        f'a path of a URL, such as "/v2/domains", with {known}{needed}, or ""',
        lambda value: validate_path_template(value, allowed, required) if value else "",
    )


def _body_validator(allowed: Collection[str], required: Collection[str]) -> Validator[str]:
    return text(
        f"a JSON object in single quotes, with no placeholder but {_format_placeholders(allowed)}, and always "
        f'{_format_placeholders(required)}, in its strings, or ""',
        lambda value: validate_body_template(value, allowed, required) if value else "",
    )


def _format_placeholders(names: Collection[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


_MEMBER: Final = text('the path of a member, such as "links.pages.next", or ""', validate_member_path)
_PRESENT: Final = text_matching(r"[A-Za-z0-9_$-]+(\.[A-Za-z0-9_$-]+)*", 'the path of a member, such as "domain.name"')
_OptionalMember = Annotated[str, ConfigKey(validate=_MEMBER, reload=True)]
_RequiredMember = Annotated[str, ConfigKey(validate=_PRESENT, reload=True)]
_Method = Annotated[str, ConfigKey(validate=one_of("POST", "PUT", "PATCH", "DELETE"), reload=True)]


class HttpApiDescription(msgspec.Struct, frozen=True, kw_only=True):
    """One provider's API. An empty path or member means that the API has none."""

    check_path: Annotated[str, ConfigKey(validate=_path_validator(()), reload=True)] = ""
    account_name: _OptionalMember = ""
    account_id: _OptionalMember = ""
    zone_path: Annotated[str, ConfigKey(validate=_path_validator(("account", "zone")), reload=True)] = ""
    zones: _OptionalMember = ""
    zone_name: _RequiredMember = "name"
    zone_id: _OptionalMember = ""
    records_path: Annotated[str, ConfigKey(validate=_path_validator(_NAME_PLACEHOLDERS), reload=True)] = ""
    records: _OptionalMember = ""
    record_id: _RequiredMember = "id"
    record_type: _RequiredMember = "type"
    record_name: _RequiredMember = "name"
    record_value: _RequiredMember = "content"
    record_ttl: _RequiredMember = "ttl"
    record_names: Annotated[RecordNames, ConfigKey(validate=one_of(*get_args(RecordNames)), reload=True)] = "relative"
    apex: Annotated[str, ConfigKey(validate=text_matching(r"@?", '"@" or ""'), reload=True)] = "@"
    final_dot: Annotated[bool, ConfigKey(validate=boolean, reload=True)] = False
    kept_members: Annotated[
        tuple[str, ...], ConfigKey(validate=list_of(text_matching(r"[A-Za-z0-9_$-]+", "a member")), reload=True)
    ] = ()
    lowest_ttl: Annotated[int, ConfigKey(validate=integer(at_least=0, at_most=86_400), reload=True)] = 60
    next_page: _OptionalMember = ""
    pages: _OptionalMember = ""
    page_parameter: Annotated[
        str,
        ConfigKey(validate=text_matching(r"[A-Za-z0-9_.-]+", 'the name of a parameter, such as "page"'), reload=True),
    ] = "page"
    create_method: _Method = "POST"
    create_path: Annotated[str, ConfigKey(validate=_path_validator((*_NAME_PLACEHOLDERS, "type")), reload=True)] = ""
    create_body: Annotated[
        str,
        ConfigKey(
            validate=_body_validator((*_NAME_PLACEHOLDERS, "type", "value", "ttl"), ("type", "value")), reload=True
        ),
    ] = ""
    delete_method: _Method = "DELETE"
    delete_path: Annotated[
        str, ConfigKey(validate=_path_validator((*_NAME_PLACEHOLDERS, "type", "id"), ("id",)), reload=True)
    ] = ""
    error_message: _OptionalMember = "message"


def required_keys(description: HttpApiDescription) -> tuple[str, ...]:
    """Return the keys that are needed to write records."""
    paths = (description.zone_path, description.records_path, description.create_path, description.delete_path)
    uses_account = any("account" in find_placeholders(template) for template in (*paths, description.create_body))
    always = ("zone_path", "records_path", "create_path", "create_body", "delete_path")
    return (*always, "account_id", "check_path") if uses_account or description.account_id else always
