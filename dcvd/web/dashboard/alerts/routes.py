"""`/dashboard/alerts`: the addresses that are told when something goes wrong."""

from http import HTTPStatus
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Template

from dcvd.core.alerts.contacts import MAX_CONTACTS, ContactStatus
from dcvd.core.alerts.kinds import CONTACT_KINDS
from dcvd.errors import Conflict, InvalidInput
from dcvd.http.forms import read_form
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.alerts import contacts
from dcvd.services.alerts.rules import can_have_contacts
from dcvd.web.dashboard.navigation import ALERTS
from dcvd.web.dashboard.typed import Faults, Fields, place_fault, read_checked
from dcvd.web.dashboard.visit import Visit, open_visit

_KIND_PREFIX: Final = "kind_"


@get("/")
async def list_contacts(request: ApiRequest) -> Template:
    """List the contacts, with the form that adds another one; without a mail server there are none."""
    return await _show_list(await open_visit(request))


@post("/", status_code=200)
async def add_contact(request: ApiRequest) -> Response[Any] | Template:
    """Have an address asked whether it wants to be told."""
    visit, form = await open_visit(request), await read_form(request)
    try:
        await contacts.add(request.context, request.org_id, address=form.get("address", ""), kinds=_read_kinds(form))
    except InvalidInput as error:
        return await _show_list(visit, form, place_fault(error, ("address", "kinds")))
    except Conflict as error:
        return await _show_list(visit, form, {"address": error}, HTTPStatus.CONFLICT)
    return visit.go_to("/alerts", done="done_contact_asked")


@get("/{contact_id:str}")
async def show_contact(request: ApiRequest, contact_id: FromPath[str]) -> Template:
    """Show a contact, and what can be done about it."""
    return await _show(await open_visit(request), contact_id)


@post("/{contact_id:str}", status_code=200)
async def change_contact(request: ApiRequest, contact_id: FromPath[str]) -> Response[Any] | Template:
    """Choose what a contact is told."""
    visit, form = await open_visit(request), await read_form(request)
    try:
        await contacts.change(request.context, request.org_id, contact_id, kinds=_read_kinds(form))
    except InvalidInput as error:
        return await _show(visit, contact_id, form, place_fault(error, ("kinds",)))
    return visit.go_to(f"/alerts/{contact_id}", done="done_contact_changed")


@post("/{contact_id:str}/ask", status_code=200)
async def ask_again(request: ApiRequest, contact_id: FromPath[str]) -> Response[Any]:
    """Ask a contact once more."""
    visit = await open_visit(request)
    await contacts.ask_again(request.context, request.org_id, contact_id)
    return visit.go_to(f"/alerts/{contact_id}", done="done_contact_asked")


@post("/{contact_id:str}/remove", status_code=200)
async def remove_contact(request: ApiRequest, contact_id: FromPath[str]) -> Response[Any]:
    """Remove a contact, who gets no more mails."""
    visit = await open_visit(request)
    await contacts.remove(request.context, request.org_id, contact_id)
    return visit.go_to("/alerts", done="done_contact_removed")


def _read_kinds(form: Fields) -> list[str] | None:
    """Return the kinds that were checked; None where everything was chosen."""
    return None if form.get("which") != "chosen" else read_checked(form, _KIND_PREFIX)


async def _show_list(
    visit: Visit,
    typed: Fields | None = None,
    faults: Faults | None = None,
    status: HTTPStatus = HTTPStatus.BAD_REQUEST,
) -> Template:
    request = visit.request
    has_mail = can_have_contacts(request.context.config)
    found = []
    if has_mail:
        page = await contacts.list_page(request.context, request.org_id, cursor=None, limit=MAX_CONTACTS)
        found = page.items
    return visit.show(
        "alerts/list",
        {
            "has_mail": has_mail,
            "contacts": found,
            "kinds": CONTACT_KINDS,
            "typed": typed or {},
            "faults": faults or {},
        },
        status=status if faults else HTTPStatus.OK,
    )


async def _show(visit: Visit, contact_id: str, typed: Fields | None = None, faults: Faults | None = None) -> Template:
    contact = await contacts.get(visit.request.context, visit.request.org_id, contact_id)
    stored = {} if contact.kinds is None else {f"{_KIND_PREFIX}{kind}": "1" for kind in contact.kinds}
    return visit.show(
        "alerts/contact",
        {
            "contact": contact,
            "may_ask": contact.status is not ContactStatus.ACTIVE,
            "kinds": CONTACT_KINDS,
            "typed": typed or ({"which": "chosen", **stored} if stored else {}),
            "faults": faults or {},
        },
        status=HTTPStatus.BAD_REQUEST if faults else HTTPStatus.OK,
    )


ROUTERS: Final[tuple[Router, ...]] = (
    Router(
        "/alerts",
        route_handlers=[list_contacts, add_contact, show_contact, change_contact, ask_again, remove_contact],
        opt=ALERTS,
    ),
)
