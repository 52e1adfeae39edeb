"""The form of a new token."""

from collections.abc import Iterator
from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType

from dcvd.core.callers import Caller
from dcvd.core.members import MemberStatus
from dcvd.core.tokens.scopes import Scope
from dcvd.core.tokens.token import Role
from dcvd.services.members import queries as members
from dcvd.services.tokens.rights import TokenLimits
from dcvd.store.engine.paging import MAX_LIMIT
from dcvd.web.dashboard.navigation import MEMBERS
from dcvd.web.dashboard.roles import list_roles, read_role
from dcvd.web.dashboard.typed import Faults, Fields, read_checked, read_last_day, split_entries
from dcvd.web.dashboard.visit import Visit

SCOPE_PREFIX: Final = "scope_"
FIELDS: Final = ("name", "role", "expiresAt", "scopes", "domains", "allowedNetworks", "memberId")


class TypedToken(Struct, frozen=True, kw_only=True):
    """A token as it is asked for; what was left empty is as the one who asks is limited (UNSET)."""

    name: str
    role: Role
    expires_at: int | UnsetType
    member_id: str | UnsetType
    limits: TokenLimits


def read_token(form: Fields) -> TypedToken:
    """Read the form. Raises InvalidInput."""
    expires_at = read_last_day(form, "expiresAt")
    return TypedToken(
        name=form.get("name", ""),
        role=read_role(form),
        expires_at=UNSET if expires_at is None else expires_at,
        member_id=form.get("memberId") or UNSET,
        limits=TokenLimits(
            scopes=read_checked(form, SCOPE_PREFIX) or UNSET,
            domains=split_entries(form.get("domains", "")) or UNSET,
            read_only=True if "readOnly" in form else UNSET,
            allowed_networks=split_entries(form.get("allowedNetworks", "")) or UNSET,
        ),
    )


async def build_form(visit: Visit, typed: Fields, faults: Faults) -> dict[str, Any]:
    """Return what the template of the form needs. typed: its fields, as far as they are known."""
    caller = visit.request.auth
    people = []
    if visit.may(MEMBERS):
        page = await members.list_page(visit.request.context, visit.request.org_id, cursor=None, limit=MAX_LIMIT)
        people = [member for member in page.items if member.status is MemberStatus.ACTIVE]
    return {
        "typed": typed,
        "faults": faults,
        "roles": list_roles(caller),
        "scope_rows": list(_group_scopes(caller)),
        "people": people,
    }


def _group_scopes(caller: Caller) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield each subject with the fields of its scopes that the caller can give, and whether they read or write."""
    subjects = dict.fromkeys(scope.partition(":")[0] for scope in Scope)
    for subject in subjects:
        fields = [
            (f"{SCOPE_PREFIX}{scope.value}", scope.partition(":")[2])
            for scope in Scope
            if scope.partition(":")[0] == subject and (caller.scopes is None or scope in caller.scopes)
        ]
        if fields:
            yield subject, fields
