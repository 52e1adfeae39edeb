"""Request bodies: they are read up to a limit, and decoded strictly into structs."""

import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import cache
from http import HTTPStatus
from typing import Any, Final, Literal, TypeVar, get_args, get_origin

import msgspec
from litestar.types import HTTPReceiveMessage, Receive
from msgspec import Struct

from dcvd.core.sentences.wording import word
from dcvd.core.text import shorten
from dcvd.errors import InvalidInput
from dcvd.http.answers.problems import HttpRefusal

T = TypeVar("T", bound=Struct)

_HEADERS: Final = frozenset({b"content-length", b"transfer-encoding", b"content-type", b"content-encoding"})
_NDJSON: Final = re.compile(
    rb'application/(x-ndjson|ndjson|x-jsonlines|jsonl)(\s*;\s*charset\s*=\s*"?utf-8"?)?\s*', re.IGNORECASE
)
_JSON: Final = re.compile(rb'application/json(\s*;\s*charset\s*=\s*"?utf-8"?)?\s*', re.IGNORECASE)
_UNANNOUNCED_BYTES: Final = 256 << 10
"""So much is reserved for a body without an announced length: it is refused rather at once than in the middle."""
_PATH_SUFFIX: Final = re.compile(r"(.*) - at `\$\.?(.*)`", re.DOTALL)
_WRONG_TYPE: Final = re.compile(r"Expected `(.+)`, got `(.+)`", re.DOTALL)
_FRACTION: Final = re.compile(r"Expected `[^`]*\bint\b[^`]*`, got `float`")
_MISSING_FIELD: Final = re.compile(r"Object missing required field `(.+)`", re.DOTALL)
_MAX_SHOWN_CHARS: Final = 80
_UNKNOWN_FIELD: Final = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_TYPE_NAMES: Final = {
    "str": "text",
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_EXPECTED_TYPE_NAMES: Final = _TYPE_NAMES | {"int": "a whole number"}


class ClientGone(HttpRefusal):
    """The client left before it had its answer; nobody reads what is sent now."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.BAD_REQUEST, "client_gone", "The connection ended before the request was answered.")


async def read_body(
    headers: Iterable[tuple[bytes, bytes]],
    receive: Receive,
    limit: int,
    *,
    reserve: Callable[[int], None],
    may_be_empty: bool,
    any_media_type: bool = False,
) -> bytes:
    """Read the whole body, of at most `limit` bytes, without its byte-order mark.

    `reserve` is told how many bytes are held before they are read; where no length is announced, that is an estimate at
    first.
    any_media_type: accept any Content-Type. Raises HttpRefusal (415 for a body that is not plain JSON, 413 for one that
    is too large, before it is read if its length is announced), what `reserve` raises, ClientGone, and InvalidInput for
    an empty body unless `may_be_empty`. An empty body needs no media type.
    """
    relevant_headers = {name: value for name, value in headers if name in _HEADERS}
    length = relevant_headers.get(b"content-length", b"0")
    if b"transfer-encoding" not in relevant_headers and not length.strip(b"0"):
        return _accept_empty(may_be_empty=may_be_empty)
    if not any_media_type:
        _check_media_type(relevant_headers)
    # The server has checked that it is a number; the first test bounds how many digits are converted.
    if len(length) > 18 or int(length) > limit:
        raise _too_large_error(limit)
    is_announced = b"transfer-encoding" not in relevant_headers
    reserve(int(length) if is_announced else min(_UNANNOUNCED_BYTES, limit))
    body = bytearray()
    try:
        while True:
            message: HTTPReceiveMessage = await receive()  # type: ignore[assignment]  # no other kind has a body
            if message["type"] != "http.request":
                raise ClientGone
            body += message["body"]
            if len(body) > limit:
                raise _too_large_error(limit)
            reserve(len(body))
            if not message["more_body"]:
                break
        return bytes(body).removeprefix(BOM_UTF8) or _accept_empty(may_be_empty=may_be_empty)
    finally:
        body.clear()  # a refusal's traceback refers to it, and so keeps what is refused until garbage is collected


def decode(body: bytes, struct_type: type[T], *, subject: str = "The body") -> T:
    """Decode the body into the struct. Raises InvalidInput naming the member at fault, as it is written in JSON.

    `subject`: what the error's sentence calls the body.
    """
    try:
        struct: T = _decoder(struct_type).decode(body)
    except msgspec.ValidationError as error:
        if _FRACTION.search(str(error)) is not None:
            return convert(_with_whole_numbers(msgspec.json.decode(body)), struct_type, subject=subject)
        raise _validation_error(str(error), struct_type, subject) from error
    except UnicodeDecodeError as error:
        raise _malformed_error("it is not UTF-8", subject) from error
    except RecursionError as error:
        raise _malformed_error("it is nested too deeply", subject) from error
    except msgspec.DecodeError as error:
        raise _malformed_error(str(error).removeprefix("JSON is malformed: "), subject) from error
    return struct


def convert(value: Any, struct_type: type[T], *, subject: str) -> T:
    """Do as `decode` does, for a member that was decoded into plain values before its type was known."""
    try:
        return msgspec.convert(value, struct_type)
    except msgspec.ValidationError as error:
        raise _validation_error(str(error), struct_type, subject) from error


def _with_whole_numbers(value: Any) -> Any:
    """Return JSON in which a number such as 60.0 is 60: it is an integer in the eyes of JSON Schema."""
    match value:
        case dict():
            return {name: _with_whole_numbers(member) for name, member in value.items()}
        case list():
            return [_with_whole_numbers(element) for element in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


@cache
def _decoder(struct_type: type[Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(struct_type)


def is_ndjson(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether the request announces one JSON value a line. Raises HttpRefusal if the body is compressed."""
    relevant_headers = {name: value for name, value in headers if name in _HEADERS}
    if _NDJSON.fullmatch(relevant_headers.get(b"content-type", b"").strip()) is None:
        return False
    _check_encoding(relevant_headers)
    return True


def _check_media_type(headers: dict[bytes, bytes]) -> None:
    if _JSON.fullmatch(headers.get(b"content-type", b"").strip()) is None:
        raise HttpRefusal(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "The body has to be JSON in UTF-8: send it with Content-Type: application/json.",
        )
    _check_encoding(headers)


def _check_encoding(headers: dict[bytes, bytes]) -> None:
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise HttpRefusal(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            word("body_compressed"),
        )


def _too_large_error(limit: int) -> HttpRefusal:
    return HttpRefusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", word("body_too_large", limit=limit))


def _accept_empty(*, may_be_empty: bool) -> bytes:
    if not may_be_empty:
        raise InvalidInput("body", "The body is empty; send a JSON object.", code="malformed_json")
    return b""


def _malformed_error(reason: str, subject: str) -> InvalidInput:
    return InvalidInput("body", f"{subject} is not valid JSON: {reason}.", code="malformed_json")


def _validation_error(text: str, struct_type: type[Struct], subject: str) -> InvalidInput:
    """Translate msgspec's message into an error with a plain sentence."""
    match = _PATH_SUFFIX.fullmatch(text)
    complaint, path = match.groups() if match is not None else (text, "")
    # msgspec names a list's element by its index or, in older versions, by three dots, which say nothing.
    path = path.replace("[...]", "")
    if (missing := _MISSING_FIELD.fullmatch(complaint)) is not None:
        field = missing.group(1)
        return InvalidInput(field, f"{field} is missing.")
    if (unknown := _UNKNOWN_FIELD.fullmatch(complaint)) is not None:
        field = unknown.group(1)
        known = ", ".join(struct_type.__struct_encode_fields__)
        shown = shorten(repr(field), _MAX_SHOWN_CHARS)
        return InvalidInput(field, f"{shown} is not expected here; what can be given: {known}.", code="unknown_field")
    if complaint.startswith("Invalid enum value "):
        value = complaint.removeprefix("Invalid enum value ")
        return InvalidInput(path, f"{path} is {value}, which is none of: {', '.join(_choices(struct_type, path))}.")
    if (expected := _WRONG_TYPE.fullmatch(complaint)) is not None:
        expected_type, actual_type = (
            " or ".join(names.get(word, word) for word in text.split(" | "))
            for names, text in zip((_EXPECTED_TYPE_NAMES, _TYPE_NAMES), expected.groups(), strict=True)
        )
        return InvalidInput(
            path or "body", f"{path or subject} has to be {expected_type}, but {actual_type} was given."
        )
    return InvalidInput(path or "body", f"{path or subject} is not valid: {complaint}.")


def _choices(struct_type: type[Struct], path: str) -> list[str]:
    """List the values that a member with a closed set accepts, or each element of one that is a list."""
    name = path.partition("[")[0]
    for field in msgspec.structs.fields(struct_type):
        if field.encode_name == name:
            members = (field.type, *get_args(field.type))
            types: tuple[Any, ...] = (*members, *(element for member in members for element in get_args(member)))
            for item in types:
                if get_origin(item) is Literal:
                    return [str(value) for value in get_args(item)]
            return [
                str(value) for item in types if isinstance(item, type) and issubclass(item, StrEnum) for value in item
            ]
    return []
