"""Decode the bodies of the control API's calls, and explain what is wrong with a body that does not fit."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec
from msgspec.inspect import EnumType, LiteralType, NoneType, StructType, Type, UnionType, type_info

from dcvd.errors import InvalidInput

_T = TypeVar("_T", bound=msgspec.Struct)


def decode(raw: bytes, shape: type[_T]) -> _T:
    """Decode a body of a declared shape. Raises InvalidInput, which lists the choices of a closed set."""
    try:
        return msgspec.json.decode(raw, type=shape)
    except msgspec.ValidationError as error:
        raise _wrong_choice(raw, shape) or InvalidInput(
            "body", f"The body cannot be used: {error_text(error)}."
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput("body", f"The body cannot be used: {error_text(error)}.") from error


def choice_error(member: str, value: object, choices: Sequence[str], *, context: str = "") -> InvalidInput:
    """The error for a value outside a closed set; `context` says when that set applies."""
    requirement = f"{context} it has to be" if context else "it has to be"
    return InvalidInput(member, f"{member} is {value!r}; {requirement} one of: {', '.join(choices)}.")


def error_text(error: Exception) -> str:
    """Return the text of an error without a full stop, so that it can end a sentence."""
    return str(error).rstrip(".")


def _wrong_choice(raw: bytes, shape: type[msgspec.Struct]) -> InvalidInput | None:
    body = msgspec.json.decode(raw)
    struct_type = type_info(shape)
    if not isinstance(body, dict) or not isinstance(struct_type, StructType):
        return None
    for field in struct_type.fields:
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
    """List the strings of a closed set in the order of their declaration, then `null` if it is accepted."""
    match kind:
        case EnumType(cls=cls):
            return [str(member.value) for member in cls]
        case LiteralType(values=values):
            return [str(value) for value in values]
        case UnionType(types=types):
            choices = [choice for each in types for choice in _choices(each)]
            return [*choices, "null"] if choices and any(isinstance(each, NoneType) for each in types) else choices
        case _:
            return []
