"""Views: values as JSON, under the names that they have inside."""

from collections.abc import Callable
from functools import cache, partial
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from msgspec import Struct
from msgspec.structs import fields

from dcvd.core.instants import to_rfc3339
from dcvd.http.answers.instants import Instant

V = TypeVar("V", bound=Struct)


def build_view(view_type: type[V], source: object, **members: Any) -> V:
    """Build a view from `members`, and from the source's attributes of the same names.

    A member with a default keeps it unless it is given. Instants are written in RFC 3339, tuples become lists, and
    nested views are built in the same way. Raises TypeError for a member whose view its type does not tell.
    """
    names, get_values, converters = _plan_copy(view_type, tuple(members))
    members.update(zip(names, get_values(source), strict=True))
    for name, convert in converters:
        if members[name] is not None:
            members[name] = convert(members[name])
    return view_type(**members)


@cache
def _plan_copy(
    view_type: type[Struct], given: tuple[str, ...]
) -> tuple[list[str], Callable[[object], tuple[Any, ...]], list[tuple[str, Callable[[Any], Any]]]]:
    """Return the members to copy, what reads them all from a source, and the converters of those that need one."""
    copied = [field for field in fields(view_type) if field.required and field.name not in given]
    names = [field.name for field in copied]
    # With two names or more `attrgetter` returns a tuple, and it is much faster than as many calls of `getattr`.
    get_values = attrgetter(*names) if len(names) > 1 else lambda source: tuple(getattr(source, each) for each in names)
    converters = [
        (field.name, convert) for field in copied if (convert := _converter(field.name, field.type)) is not None
    ]
    return names, get_values, converters


def _converter(name: str, annotation: Any) -> Callable[[Any], Any] | None:
    """Return what makes JSON of a member; None if it is JSON as it is. Raises TypeError if only its value could say."""
    origin, arguments = get_origin(annotation), [each for each in get_args(annotation) if each is not NoneType]
    if origin in (Union, UnionType) and len(arguments) == 1:
        return _converter(name, arguments[0])
    if annotation == Instant:
        return to_rfc3339
    if origin is list:
        convert = _converter(name, arguments[0])
        return list if convert is None else lambda values: [convert(value) for value in values]
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        return partial(build_view, annotation)
    if any(_converter(name, each) is not None for each in arguments):
        # Copied as it is, the source's part would be shown whole, with what its view leaves out.
        raise TypeError(f"{name} has to be given: {annotation} does not say which view it gets")
    return None
