"""What a browser sends from a form."""

from typing import Final
from urllib.parse import parse_qsl

from dcvd.errors import InvalidInput
from dcvd.http.request import ApiRequest

_MAX_BYTES: Final = 8192
_MAX_FIELDS: Final = 32
_FORM: Final = "dcvd.form"
"""The key in the scope's state of the fields, once they are read: a body is read once."""


async def read_form(request: ApiRequest) -> dict[str, str]:
    """Read the fields of a form (`application/x-www-form-urlencoded`); the last of one name counts.

    Raises InvalidInput, and whatever reading a body raises.
    """
    read: dict[str, str] | None = request.scope["state"].get(_FORM)
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
        raise InvalidInput("form", "This is not what the form of this page sends; load the page again.") from error
    form = request.scope["state"][_FORM] = dict(fields)
    return form
