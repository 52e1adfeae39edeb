"""`/dashboard/audit`: who changed what in the organization, for admins and owners."""

from http import HTTPStatus
from typing import Final

from litestar import get
from litestar.response import Template
from msgspec import Struct

from dcvd.core.audit import AuditAction, AuditEntry, MemberChange, list_changes
from dcvd.core.ids import IdPrefix, is_id
from dcvd.errors import InvalidInput
from dcvd.http.parameters import parse_choice
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services import audit
from dcvd.store.audit import AuditFilters
from dcvd.store.engine.paging import DEFAULT_LIMIT, Page
from dcvd.web.dashboard.navigation import AUDIT
from dcvd.web.dashboard.objects import find_places
from dcvd.web.dashboard.typed_instants import parse_typed_instant
from dcvd.web.dashboard.visit import Visit, open_visit

_FIELDS: Final = ("action", "actor", "object", "since", "until")


class _EntryView(Struct, frozen=True, kw_only=True):
    """An entry. action, actor: in words. actor_id: such as a token's; empty for none."""

    entry: AuditEntry
    action: str
    actor: str
    actor_id: str
    changes: list[MemberChange]


@get("/")
async def show_audit(request: ApiRequest) -> Template:
    """Show the changes, newest first."""
    visit = await open_visit(request)
    query = request.query_params
    typed = {name: query.get(name, "").strip() for name in _FIELDS}
    page, fault = Page[AuditEntry]([], None), None
    try:
        filters = _read_filters(typed)
        page = await audit.list_page(
            request.context, request.org_id, filters, cursor=query.get("cursor"), limit=DEFAULT_LIMIT
        )
    except InvalidInput as error:
        if error.field not in ("since", "until"):
            raise
        fault = error
    entries = [_view_entry(visit, entry) for entry in page.items]
    return visit.show(
        "audit/list",
        {
            "entries": entries,
            "places": await find_places(
                visit, (named for each in entries for named in (each.entry.object_id, each.actor_id))
            ),
            "next_url": visit.link_next(page.next_cursor),
            "actions": [(action.value, name_action(visit, action.value)) for action in AuditAction],
            "typed": typed,
            "fault": fault,
            "is_filtered": any(typed.values()),
        },
        status=HTTPStatus.OK if fault is None else HTTPStatus.BAD_REQUEST,
    )


def _read_filters(typed: dict[str, str]) -> AuditFilters:
    return AuditFilters(
        action=parse_choice("action", typed["action"] or None, AuditAction),
        actor=_read_actor(typed["actor"]),
        object_id=typed["object"] or None,
        since=parse_typed_instant("since", typed["since"]),
        until=parse_typed_instant("until", typed["until"]),
    )


def _read_actor(text: str) -> str | None:
    """Return an actor as the audit names it; the id alone of a token, a link or a job will do."""
    kinds = (IdPrefix.TOKEN, IdPrefix.LINK, IdPrefix.JOB)
    return next((f"{kind}:{text}" for kind in kinds if is_id(kind, text)), text or None)


def _view_entry(visit: Visit, entry: AuditEntry) -> _EntryView:
    kind, _, actor_id = entry.actor.partition(":")
    return _EntryView(
        entry=entry,
        action=name_action(visit, entry.action),
        actor=visit.words(f"audit_actor_{kind}") if kind in _ACTORS else kind,
        actor_id=actor_id,
        changes=list_changes(entry),
    )


def name_action(visit: Visit, action: str) -> str:
    """Return what was done, in words; what a newer dcvd has written stays as it is."""
    return visit.words(f"audit_action_{action.replace('.', '_')}") if action in _ACTIONS else action


_ACTIONS: Final = frozenset(AuditAction)
_ACTORS: Final = frozenset({"token", "link", "job", "operator", "daemon", "sync", "cloudflare"})

ROUTERS: Final = (Router("/audit", route_handlers=[show_audit], opt=AUDIT),)
