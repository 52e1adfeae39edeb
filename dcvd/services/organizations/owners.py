"""Whose the items of a list across organizations are."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec import Struct

from dcvd.services.context import Context
from dcvd.services.organizations.registry import find, read_names

T = TypeVar("T")


class Owner(Struct, frozen=True):
    """The organization that an item belongs to."""

    id: str
    name: str


async def find_wanted_id(context: Context, id_or_name: str | None) -> str | None:
    """Find the id of the organization that a filter names; None where there is no filter. Raises NotFound."""
    return None if id_or_name is None else (await find(context, id_or_name)).id


async def pair_with_owners(
    context: Context, items: Sequence[T], org_id_of: Callable[[T], str]
) -> list[tuple[T, Owner]]:
    """Pair each item with its organization. One whose organization was deleted meanwhile is left out."""
    names = await read_names(context, {org_id_of(item) for item in items})
    return [(item, Owner(org_id, names[org_id])) for item in items if (org_id := org_id_of(item)) in names]
