"""Views: values as JSON, under the names that they have inside."""

from collections.abc import Callable
from functools import cache, partial
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from msgspec import Struct
from msgspec.structs import fields

from dcvd.api.http.instants import Instant
from dcvd.core.instants import to_rfc3339

V = TypeVar("V", bound=Struct)


def build_view(view_type: type[V], source: object, **members: Any) -> V:
    """Build a view from `members`, and from the source's attributes of the same names.

    A member with a default keeps it unless it is given. Instants are written in RFC 3339, tuples become lists, and
    nested views are built in the same way.
    """
    for name, convert in _converters(view_type):
        if name not in members:
            value = getattr(source, name)
            members[name] = value if value is None or convert is None else convert(value)
    return view_type(**members)


@cache
def _converters(view_type: type[Struct]) -> list[tuple[str, Callable[[Any], Any] | None]]:
    return [(field.name, _converter(field.type)) for field in fields(view_type) if field.required]


def _converter(annotation: Any) -> Callable[[Any], Any] | None:
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(each for each in get_args(annotation) if each is not NoneType)
    if annotation == Instant:
        return to_rfc3339
    if get_origin(annotation) is list:
        convert = _converter(get_args(annotation)[0])
        return list if convert is None else lambda values: [convert(value) for value in values]
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        return partial(build_view, annotation)
    return None
