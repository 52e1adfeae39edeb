"""The bodies of the control API's calls: JSON of a declared shape, and what is said of any other."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec
from msgspec.inspect import EnumType, LiteralType, NoneType, StructType, Type, UnionType, type_info

from dcvd.errors import InvalidInput

_T = TypeVar("_T", bound=msgspec.Struct)


def decode(raw: bytes, shape: type[_T]) -> _T:
    """Raises InvalidInput, which for a member of a closed set lists the choices."""
    try:
        return msgspec.json.decode(raw, type=shape)
    except msgspec.ValidationError as error:
        raise _wrong_choice(raw, shape) or InvalidInput(
            "body", f"The body cannot be used: {error_text(error)}."
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput("body", f"The body cannot be used: {error_text(error)}.") from error


def choice_error(member: str, value: object, choices: Sequence[str], *, context: str = "") -> InvalidInput:
    """Of a value that is none of a closed set; `context` says when the set is that one."""
    must = f"{context} it has to be" if context else "it has to be"
    return InvalidInput(member, f"{member} is {value!r}; {must} one of: {', '.join(choices)}.")


def error_text(error: Exception) -> str:
    """What an error says, without the full stop that some texts bring along: it goes into a sentence with one."""
    return str(error).rstrip(".")


def _wrong_choice(raw: bytes, shape: type[msgspec.Struct]) -> InvalidInput | None:
    body = msgspec.json.decode(raw)
    described = type_info(shape)
    if not isinstance(body, dict) or not isinstance(described, StructType):
        return None
    for field in described.fields:
        choices = _choices(field.type)
        if not choices:
            continue
        member = field.encode_name
        if member not in body:
            if field.required:
                return InvalidInput(member, f"{member} is missing; it has to be one of: {', '.join(choices)}.")
        elif body[member] not in choices:
            return choice_error(member, body[member], choices)
    return None


def _choices(kind: Type) -> list[str]:
    """The strings of a closed set in the order of their declaration, `null` where that is accepted too."""
    match kind:
        case EnumType(cls=cls):
            return [str(member.value) for member in cls]
        case LiteralType(values=values):
            return [str(value) for value in values]
        case UnionType(types=types):
            found = [choice for each in types for choice in _choices(each)]
            return [*found, "null"] if found and any(isinstance(each, NoneType) for each in types) else found
        case _:
            return []
