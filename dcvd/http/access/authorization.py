"""Authorization: what a caller's role, scopes and reach let them do; each route says what it is about.

A tenants' route, or its router, has an `opt` with
- `subject`: the subject of the API that a scope may name, or None where the role alone decides,
- `scope`: the scope that is needed, where it does not follow from the subject and the method,
- `needs_admin`: True where not even reading is for members,
- `limited`: True where the route is also for callers who are limited to some domains: it shows and changes no others,
- `own_session`: True where the route is about the caller's own sessions alone, which they may end whatever they are,
- `link`: True where the route is also for customers who come by a link; for them nothing else of these counts.
"""

from collections.abc import Mapping
from typing import Any, Final

from dcvd.core.callers import Caller, CallerKind
from dcvd.core.sentences.wording import word
from dcvd.core.tokens.scopes import Scope, find_scope
from dcvd.core.tokens.token import Role, may_write, say_role
from dcvd.errors import Forbidden
from dcvd.services import reach
from dcvd.services.context import Context

READ_METHODS: Final = frozenset({"GET", "HEAD"})


def required_scope(opt: Mapping[str, Any], method: str) -> Scope | None:
    """Return the scope that a route needs; None where the role alone decides."""
    if "scope" in opt:
        scope: Scope | None = opt["scope"]
        return scope
    return None if opt["subject"] is None else find_scope(opt["subject"], is_write=method not in READ_METHODS)


def check_permission(caller: Caller, opt: Mapping[str, Any], method: str) -> None:
    """Check what can be told without looking anything up. Raises Forbidden.

    A route that does not say that it is for links is not. The method decides which role is needed, so that a new
    handler that writes is never open by oversight.
    """
    if caller.kind is CallerKind.LINK:
        if not opt.get("link", False):
            raise Forbidden(word("link_not_allowed"), code="link_not_allowed")
        return
    if opt.get("own_session", False):
        return
    if caller.kind is CallerKind.OPERATOR:
        check_observer(caller.role, caller.id, method)
        return
    if opt.get("needs_admin", False) and not may_write(caller.role):
        raise Forbidden(word("role_cannot_read", role=say_role(caller.role)))
    if method not in READ_METHODS:
        if not may_write(caller.role):
            raise Forbidden(word("role_only_reads", role=say_role(caller.role)))
        if caller.is_read_only:
            raise Forbidden(word("token_only_reads"), code="read_only")
    scope = required_scope(opt, method)
    if scope is not None and caller.scopes is not None and scope not in caller.scopes:
        raise Forbidden(word("scope_missing", scope=scope.value), code="scope_missing")
    if caller.domains is not None and not opt.get("limited", False):
        raise Forbidden(word("outside_reach"), code="outside_reach")


def check_observer(role: Role, uid: str, method: str) -> None:
    """Raise Forbidden where an observer, who only reads, is to change something."""
    if method not in (*READ_METHODS, "OPTIONS") and not may_write(role):
        raise Forbidden(word("only_an_observer", uid=uid), code="only_an_observer")


async def check_reach(context: Context, caller: Caller, path_parameters: Mapping[str, Any]) -> None:
    """Check the objects that a path names. Raises NotFound for one that belongs to a domain outside the reach."""
    if caller.domains is None:
        return
    for name, check in _CHECKS.items():
        if name in path_parameters:
            await check(context, caller.domains, path_parameters[name])


_CHECKS: Final = {
    "domain_id": reach.check_domain,
    "job_id": reach.check_job,
    "delivery_id": reach.check_delivery,
}
"""By the name of a path's parameter. Tokens are checked where they are read."""
