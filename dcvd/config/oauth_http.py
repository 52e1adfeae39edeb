"""A provider's JSON API in the words of the configuration: where zones and records are, and how they are written.

Paths are templates (`core.templates`) after `oauth.other.api_base_url`. Members are named by their path in the answer
(`core.members`); those of a zone or a record start at the entry of the list.
"""

from collections.abc import Collection
from typing import Annotated, Final, Literal, get_args

import msgspec

from dcvd.config.keys import Key
from dcvd.config.validators import Check, boolean, integer, list_of, matching, one_of, text
from dcvd.core.json_members import member_path
from dcvd.core.request_templates import body_template, path_template, placeholders

RecordNames = Literal["relative", "absolute"]

_ZONE: Final = ("account", "zone", "zone_id")
_NAME: Final = (*_ZONE, "name", "label")
_METHOD: Final = one_of("POST", "PUT", "PATCH", "DELETE")


def _path(allowed: Collection[str], required: Collection[str] = ()) -> Check[str]:
    known = f"no placeholder but {_listed(allowed)}" if allowed else "no placeholder"
    needed = f", and always {_listed(required)}" if required else ""
    return text(
        f'a path of a URL, such as "/v2/domains", with {known}{needed}, or ""',
        lambda value: path_template(value, allowed, required) if value else "",
    )


def _body(allowed: Collection[str], required: Collection[str]) -> Check[str]:
    return text(
        f"a JSON object in single quotes, with no placeholder but {_listed(allowed)}, and always "
        f'{_listed(required)}, in its strings, or ""',
        lambda value: body_template(value, allowed, required) if value else "",
    )


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


_MEMBER: Final = text('the path of a member, such as "links.pages.next", or ""', member_path)
_A_MEMBER: Final = matching(r"[A-Za-z0-9_$-]+(\.[A-Za-z0-9_$-]+)*", 'the path of a member, such as "domain.name"')


class OauthOtherHttp(msgspec.Struct, frozen=True, kw_only=True):
    """One provider's API. An empty path is not known, an empty member is not there."""

    check_path: Annotated[str, Key(check=_path(()), reload=True)] = ""
    account_name: Annotated[str, Key(check=_MEMBER, reload=True)] = ""
    account_id: Annotated[str, Key(check=_MEMBER, reload=True)] = ""
    zone_path: Annotated[str, Key(check=_path(("account", "zone")), reload=True)] = ""
    zones: Annotated[str, Key(check=_MEMBER, reload=True)] = ""
    zone_name: Annotated[str, Key(check=_A_MEMBER, reload=True)] = "name"
    zone_id: Annotated[str, Key(check=_MEMBER, reload=True)] = ""
    records_path: Annotated[str, Key(check=_path(_NAME), reload=True)] = ""
    records: Annotated[str, Key(check=_MEMBER, reload=True)] = ""
    record_id: Annotated[str, Key(check=_A_MEMBER, reload=True)] = "id"
    record_type: Annotated[str, Key(check=_A_MEMBER, reload=True)] = "type"
    record_name: Annotated[str, Key(check=_A_MEMBER, reload=True)] = "name"
    record_value: Annotated[str, Key(check=_A_MEMBER, reload=True)] = "content"
    record_ttl: Annotated[str, Key(check=_A_MEMBER, reload=True)] = "ttl"
    record_names: Annotated[RecordNames, Key(check=one_of(*get_args(RecordNames)), reload=True)] = "relative"
    apex: Annotated[str, Key(check=matching(r"@?", '"@" or ""'), reload=True)] = "@"
    final_dot: Annotated[bool, Key(check=boolean, reload=True)] = False
    kept_members: Annotated[
        tuple[str, ...], Key(check=list_of(matching(r"[A-Za-z0-9_$-]+", "a member")), reload=True)
    ] = ()
    lowest_ttl: Annotated[int, Key(check=integer(at_least=0, at_most=86_400), reload=True)] = 60
    next_page: Annotated[str, Key(check=_MEMBER, reload=True)] = ""
    pages: Annotated[str, Key(check=_MEMBER, reload=True)] = ""
    page_parameter: Annotated[
        str, Key(check=matching(r"[A-Za-z0-9_.-]+", 'the name of a parameter, such as "page"'), reload=True)
    ] = "page"
    create_method: Annotated[str, Key(check=_METHOD, reload=True)] = "POST"
    create_path: Annotated[str, Key(check=_path((*_NAME, "type")), reload=True)] = ""
    create_body: Annotated[str, Key(check=_body((*_NAME, "type", "value", "ttl"), ("type", "value")), reload=True)] = ""
    delete_method: Annotated[str, Key(check=_METHOD, reload=True)] = "DELETE"
    delete_path: Annotated[str, Key(check=_path((*_NAME, "type", "id"), ("id",)), reload=True)] = ""
    error_message: Annotated[str, Key(check=_MEMBER, reload=True)] = "message"


def needed(described: OauthOtherHttp) -> tuple[str, ...]:
    """The keys without which nothing can be written."""
    paths = (described.zone_path, described.records_path, described.create_path, described.delete_path)
    account = any("account" in placeholders(template) for template in (*paths, described.create_body))
    always = ("zone_path", "records_path", "create_path", "create_body", "delete_path")
    return (*always, "account_id", "check_path") if account or described.account_id else always
