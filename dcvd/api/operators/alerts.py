"""Contacts of an organization, as operators see and change them."""

from typing import Final

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from dcvd.api.alerts.routes import NewContact
from dcvd.api.alerts.view import ContactAnswer, ContactList, contact_answer, contact_list
from dcvd.http.parameters import Cursor, Limit, parse_page_limit
from dcvd.http.request import ApiRequest
from dcvd.services.alerts import contacts
from dcvd.store.organizations.organizations import Organization


@post("/alerts/contacts", summary="Add a contact to an organization", status_code=201)
async def add_contact(
    request: ApiRequest, organization: NamedDependency[Organization], data: JSONBody[NewContact]
) -> Response[ContactAnswer]:
    """Have an address asked whether it wants an organization's alerts."""
    contact = await contacts.add(
        request.context, organization.id, address=data.address, member_id=data.member_id, kinds=data.kinds
    )
    address = f"/operator/organizations/{organization.id}/alerts/contacts/{contact.id}"
    return Response(contact_answer(contact), headers={"Location": address})


@get("/alerts/contacts", summary="List an organization's contacts")
async def list_contacts_of_organization(
    request: ApiRequest, organization: NamedDependency[Organization], limit: Limit = None, cursor: Cursor = None
) -> ContactList:
    """List an organization's contacts, newest first."""
    page = await contacts.list_page(request.context, organization.id, cursor=cursor, limit=parse_page_limit(limit))
    return contact_list(page)


@delete("/alerts/contacts/{contact_id:str}", summary="Remove an organization's contact")
async def remove_contact(
    request: ApiRequest, organization: NamedDependency[Organization], contact_id: FromPath[str]
) -> None:
    """Remove a contact, who gets no more mails from now on."""
    await contacts.remove(request.context, organization.id, contact_id)


HANDLERS: Final[list[HTTPRouteHandler]] = [add_contact, list_contacts_of_organization, remove_contact]
