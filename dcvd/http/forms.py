"""What a browser sends from a form."""

from typing import Final
from urllib.parse import parse_qsl

from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput
from dcvd.http.request import ApiRequest

_MAX_BYTES: Final = 8192
_MAX_FIELDS: Final = 128
_FORM: Final = "dcvd.form"
"""The key in the scope's state of the fields, once they are read: a body is read once."""


async def read_form(request: ApiRequest) -> dict[str, str]:
    """Read the fields of a form (`application/x-www-form-urlencoded`); the last of one name counts.

    Raises InvalidInput, and whatever reading a body raises.
    """
    return dict(await _read_fields(request))


async def read_choices(request: ApiRequest, name: str) -> list[str]:
    """Read what was chosen of fields with one name, each once, in their order. Raises what `read_form` raises."""
    return list(dict.fromkeys(value for field, value in await _read_fields(request) if field == name))


async def _read_fields(request: ApiRequest) -> list[tuple[str, str]]:
    read: list[tuple[str, str]] | None = request.scope["state"].get(_FORM)
    if read is not None:
        return read
    body = await request.read_body(_MAX_BYTES, may_be_empty=True, any_media_type=True)
    try:
        fields = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            max_num_fields=_MAX_FIELDS,
            errors="strict",
        )
    except ValueError as error:
        raise InvalidInput("form", word("form_unusable")) from error
    request.scope["state"][_FORM] = fields
    return fields
