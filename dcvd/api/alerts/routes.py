"""`/api/alerts/contacts`: the addresses that are told when something goes wrong."""

from collections.abc import Awaitable
from typing import Final

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from dcvd.api.alerts.view import ContactAnswer, ContactList, contact_answer, contact_list
from dcvd.core.alerts.contacts import Contact
from dcvd.core.alerts.kinds import AlertKind
from dcvd.http.documentation import problems
from dcvd.http.etag import ETAG_HEADER, IF_MATCH, InjectedPrecondition
from dcvd.http.idempotency import IdempotencyKey, answer_once
from dcvd.http.parameters import Cursor, Limit, parse_page_limit
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.alerts import contacts
from dcvd.services.context import Context


class NewContact(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """An address that is to be told, or a member at theirs: give one of the two."""

    address: str | None = None
    member_id: str | None = None
    kinds: list[AlertKind] | None = None


class ContactChange(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What the contact is told from now on."""

    kinds: list[AlertKind] | None


@post("", summary="Add a contact", status_code=201, responses=problems(409, 501))
async def create_contact(
    request: ApiRequest, data: JSONBody[NewContact], key: IdempotencyKey = None
) -> Response[ContactAnswer]:
    """Have an address told when something goes wrong, once whoever has it agrees.

    They are sent a mail with a link, which is good for three days; until they have pressed the button behind it, the
    contact is `unconfirmed` and is told nothing. One address is asked at most 3 times a day. An organization may have
    20 contacts. Members are asked by themselves when they accept their invitation.
    """

    def add(context: Context) -> Awaitable[Contact]:
        return contacts.add(context, request.org_id, address=data.address, member_id=data.member_id, kinds=data.kinds)

    def respond(contact: Contact) -> Response[ContactAnswer]:
        headers = {"Location": f"{request.root}/alerts/contacts/{contact.id}", ETAG_HEADER: contact.entity_tag}
        return Response(contact_answer(contact), headers=headers)

    return await answer_once(request, key, add, respond)


@get("", summary="List the contacts", responses=problems(501))
async def list_contacts(request: ApiRequest, limit: Limit = None, cursor: Cursor = None) -> ContactList:
    """List the organization's contacts, newest first."""
    page = await contacts.list_page(request.context, request.org_id, cursor=cursor, limit=parse_page_limit(limit))
    return contact_list(page)


@get("/{contact_id:str}", summary="Show a contact", responses=problems(501))
async def get_contact(request: ApiRequest, contact_id: FromPath[str]) -> Response[ContactAnswer]:
    """Show one contact."""
    return _respond(await contacts.get(request.context, request.org_id, contact_id))


@patch("/{contact_id:str}", summary="Change a contact", dependencies=IF_MATCH, responses=problems(412, 501))
async def update_contact(
    request: ApiRequest, contact_id: FromPath[str], data: JSONBody[ContactChange], precondition: InjectedPrecondition
) -> Response[ContactAnswer]:
    """Choose what a contact is told."""
    changed = await contacts.change(
        request.context, request.org_id, contact_id, kinds=data.kinds, precondition=precondition
    )
    return _respond(changed)


@post(
    "/{contact_id:str}/confirmation",
    summary="Ask a contact again",
    status_code=202,
    responses=problems(409, 501),
)
async def ask_contact_again(
    request: ApiRequest, contact_id: FromPath[str], key: IdempotencyKey = None
) -> Response[ContactAnswer]:
    """Ask a contact once more who has not agreed, has unsubscribed, or whose address did not exist."""

    def ask_again(context: Context) -> Awaitable[Contact]:
        return contacts.ask_again(context, request.org_id, contact_id)

    return await answer_once(request, key, ask_again, lambda contact: Response(contact_answer(contact)))


@delete("/{contact_id:str}", summary="Remove a contact")
async def delete_contact(request: ApiRequest, contact_id: FromPath[str]) -> None:
    """Remove a contact, who gets no more mails from now on."""
    await contacts.remove(request.context, request.org_id, contact_id)


def _respond(contact: Contact) -> Response[ContactAnswer]:
    return Response(contact_answer(contact), headers={ETAG_HEADER: contact.entity_tag})


ROUTER: Final = Router(
    "/alerts/contacts",
    route_handlers=[create_contact, list_contacts, get_contact, update_contact, ask_contact_again, delete_contact],
    opt={"subject": "alerts"},
    tags=["Alerts"],
)
