"""The description of a provider's JSON API: where zones and records are, and how records are written.

Paths are templates (`core.request_templates`) after `providers.other.api_base_url`. Members are named by their path in
the answer (`core.json_members`); those of a zone or a record start at the entry of the list.
"""

from collections.abc import Collection
from typing import Annotated, Final, Literal, get_args

import msgspec

from dcvd.config.key_annotations import ConfigKey
from dcvd.config.validators import Validator, boolean, integer, list_of, one_of, text, text_matching
from dcvd.core.json_members import validate_member_path
from dcvd.core.request_templates import find_placeholders, validate_body_template, validate_path_template

RecordNames = Literal["relative", "absolute"]

_ZONE_PLACEHOLDERS: Final = ("account", "zone", "zone_id")
_NAME_PLACEHOLDERS: Final = (*_ZONE_PLACEHOLDERS, "name", "label")
_METHOD: Final = one_of("POST", "PUT", "PATCH", "DELETE")


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


_OPTIONAL_MEMBER: Final = text('the path of a member, such as "links.pages.next", or ""', validate_member_path)
_REQUIRED_MEMBER: Final = text_matching(
    r"[A-Za-z0-9_$-]+(\.[A-Za-z0-9_$-]+)*", 'the path of a member, such as "domain.name"'
)


class HttpApiDescription(msgspec.Struct, frozen=True, kw_only=True):
    """One provider's API. An empty path or member means that the API has none."""

    check_path: Annotated[str, ConfigKey(validate=_path_validator(()), reload=True)] = ""
    account_name: Annotated[str, ConfigKey(validate=_OPTIONAL_MEMBER, reload=True)] = ""
    account_id: Annotated[str, ConfigKey(validate=_OPTIONAL_MEMBER, reload=True)] = ""
    zone_path: Annotated[str, ConfigKey(validate=_path_validator(("account", "zone")), reload=True)] = ""
    zones: Annotated[str, ConfigKey(validate=_OPTIONAL_MEMBER, reload=True)] = ""
    zone_name: Annotated[str, ConfigKey(validate=_REQUIRED_MEMBER, reload=True)] = "name"
    zone_id: Annotated[str, ConfigKey(validate=_OPTIONAL_MEMBER, reload=True)] = ""
    records_path: Annotated[str, ConfigKey(validate=_path_validator(_NAME_PLACEHOLDERS), reload=True)] = ""
    records: Annotated[str, ConfigKey(validate=_OPTIONAL_MEMBER, reload=True)] = ""
    record_id: Annotated[str, ConfigKey(validate=_REQUIRED_MEMBER, reload=True)] = "id"
    record_type: Annotated[str, ConfigKey(validate=_REQUIRED_MEMBER, reload=True)] = "type"
    record_name: Annotated[str, ConfigKey(validate=_REQUIRED_MEMBER, reload=True)] = "name"
    record_value: Annotated[str, ConfigKey(validate=_REQUIRED_MEMBER, reload=True)] = "content"
    record_ttl: Annotated[str, ConfigKey(validate=_REQUIRED_MEMBER, reload=True)] = "ttl"
    record_names: Annotated[RecordNames, ConfigKey(validate=one_of(*get_args(RecordNames)), reload=True)] = "relative"
    apex: Annotated[str, ConfigKey(validate=text_matching(r"@?", '"@" or ""'), reload=True)] = "@"
    final_dot: Annotated[bool, ConfigKey(validate=boolean, reload=True)] = False
    kept_members: Annotated[
        tuple[str, ...], ConfigKey(validate=list_of(text_matching(r"[A-Za-z0-9_$-]+", "a member")), reload=True)
    ] = ()
    lowest_ttl: Annotated[int, ConfigKey(validate=integer(at_least=0, at_most=86_400), reload=True)] = 60
    next_page: Annotated[str, ConfigKey(validate=_OPTIONAL_MEMBER, reload=True)] = ""
    pages: Annotated[str, ConfigKey(validate=_OPTIONAL_MEMBER, reload=True)] = ""
    page_parameter: Annotated[
        str,
        ConfigKey(validate=text_matching(r"[A-Za-z0-9_.-]+", 'the name of a parameter, such as "page"'), reload=True),
    ] = "page"
    create_method: Annotated[str, ConfigKey(validate=_METHOD, reload=True)] = "POST"
    create_path: Annotated[str, ConfigKey(validate=_path_validator((*_NAME_PLACEHOLDERS, "type")), reload=True)] = ""
    create_body: Annotated[
        str,
        ConfigKey(
            validate=_body_validator((*_NAME_PLACEHOLDERS, "type", "value", "ttl"), ("type", "value")), reload=True
        ),
    ] = ""
    delete_method: Annotated[str, ConfigKey(validate=_METHOD, reload=True)] = "DELETE"
    delete_path: Annotated[
        str, ConfigKey(validate=_path_validator((*_NAME_PLACEHOLDERS, "type", "id"), ("id",)), reload=True)
    ] = ""
    error_message: Annotated[str, ConfigKey(validate=_OPTIONAL_MEMBER, reload=True)] = "message"


def required_keys(description: HttpApiDescription) -> tuple[str, ...]:
    """Return the keys that are needed to write records."""
    paths = (description.zone_path, description.records_path, description.create_path, description.delete_path)
    uses_account = any("account" in find_placeholders(template) for template in (*paths, description.create_body))
    always = ("zone_path", "records_path", "create_path", "create_body", "delete_path")
    return (*always, "account_id", "check_path") if uses_account or description.account_id else always
