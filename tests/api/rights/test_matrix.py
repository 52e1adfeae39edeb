"""Every route, for every role, scope, limit and organization: what comes of it follows from one table."""

import itertools
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final

import pytest
from msgspec import UNSET, Struct, structs

from dcvd.api.app import Api
from dcvd.core.alerts.contacts import Contact, ContactStatus
from dcvd.core.connections.connection import Provider
from dcvd.core.connections.credentials import ApiToken
from dcvd.core.events import EventType
from dcvd.core.ids import IdPrefix
from dcvd.core.instants import MINUTE
from dcvd.core.organizations.quotas import Quota
from dcvd.core.secret import Secret
from dcvd.core.tokens.scopes import Scope
from dcvd.core.tokens.token import Role
from dcvd.services import organizations
from dcvd.services.connections import creation
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.links import creation as link_creation
from dcvd.services.members import invitations
from dcvd.services.organizations import quotas
from dcvd.services.tokens import minting
from dcvd.services.tokens.minting import MintedToken
from dcvd.services.tokens.rights import TokenLimits
from dcvd.services.webhooks import endpoints
from dcvd.services.zones import registry
from dcvd.store.alerts import contacts as alert_contacts
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.organizations.organizations import Organization
from tests.api.rights.routes import ROUTES, WITHOUT_TOKEN, Row
from tests.served_app.client import Answer, Client
from tests.signed_in import begin_session

INSIDE: Final = "*.inside.customer.com"
"""The pattern to which limited tokens are limited; the objects belong to a domain within it, or to one that is not."""


class CallerCase(Struct, frozen=True, kw_only=True):
    """Who calls: a role, whether their scopes hold the one that is needed, and whether they are limited."""

    role: Role
    scopes: str
    read_only: bool
    is_limited: bool


class Target(Struct, frozen=True, kw_only=True):
    """What is called for: an object of one's own organization or of another, inside or outside of the limit."""

    is_own: bool
    is_inside: bool


ALL_CASES: Final = [
    CallerCase(role=role, scopes=scopes, read_only=read_only, is_limited=is_limited)
    for role, scopes, read_only, is_limited in itertools.product(
        Role, ("all", "needed", "others"), (False, True), (False, True)
    )
]
_OWNER: Final = CallerCase(role=Role.OWNER, scopes="all", read_only=False, is_limited=False)
EACH_RIGHT_ALONE: Final = [
    _OWNER,
    structs.replace(_OWNER, role=Role.MEMBER),
    structs.replace(_OWNER, role=Role.ADMIN),
    structs.replace(_OWNER, scopes="needed"),
    structs.replace(_OWNER, scopes="others"),
    structs.replace(_OWNER, read_only=True),
    structs.replace(_OWNER, is_limited=True),
]
TARGETS: Final = [Target(is_own=own, is_inside=inside) for own, inside in itertools.product((True, False), repeat=2)]


def expected_refusal(row: Row, caller: CallerCase, target: Target) -> str | None:
    """The code with which the call is refused; None where it goes on to the handler."""
    if (row.is_write or row.needs_admin) and caller.role is Role.MEMBER:
        return "forbidden"
    if row.is_write and caller.read_only:
        return "read_only"
    if row.scope is not None and caller.scopes == "others":
        return "scope_missing"
    if caller.is_limited and not row.limited:
        return "outside_reach"
    if row.owned is not None and (not target.is_own or (caller.is_limited and not target.is_inside)):
        return "not_found"
    return None


class Objects:
    """Makes what the paths name, in an organization of its own and in another one."""

    def __init__(self, context: Context, own: Organization, other: Organization) -> None:
        self._context = context
        self._orgs = {True: own, False: other}
        self._number = itertools.count()

    async def make(self, kind: str, target: Target) -> str:
        org = self._orgs[target.is_own]
        makers: dict[str, Callable[[str, bool], Awaitable[str]]] = {
            "domain": self._make_domain,
            "job": self._make_job,
            "delivery": self._make_delivery,
            "event": self._make_event,
            "webhook": self._make_webhook,
            "connection": self._make_connection,
            "token": self._make_token,
            "zone": self._make_zone,
            "member": self._make_member,
            "link": self._make_link,
            "session": self._make_session,
            "contact": self._make_contact,
        }
        return await makers[kind](org.id, target.is_inside)

    async def _make_domain(self, org_id: str, is_inside: bool) -> str:
        name = f"n{next(self._number)}.{'inside' if is_inside else 'outside'}.customer.com"
        return (await additions.add(self._context, org_id, name)).id

    async def _make_job(self, org_id: str, is_inside: bool) -> str:
        return await self.find_of_domain("jobs", await self._make_domain(org_id, is_inside))

    async def _make_delivery(self, org_id: str, is_inside: bool) -> str:
        await self._make_webhook(org_id, is_inside)
        return await self.find_of_domain("deliveries", await self._make_domain(org_id, is_inside))

    async def _make_event(self, org_id: str, is_inside: bool) -> str:
        return await self.find_of_domain("events", await self._make_domain(org_id, is_inside))

    async def find_of_domain(self, table: str, domain_id: str) -> str:
        def query(snapshot: Snapshot) -> str:
            return str(snapshot.fetch_value(f"SELECT id FROM {table} WHERE domain_id = ? LIMIT 1", (domain_id,)))

        return await self._context.database.read(query)

    async def _make_webhook(self, org_id: str, _: bool) -> str:
        endpoint, _secret = await endpoints.create(
            self._context, org_id, url="https://hooks.customer.com/", events=[EventType.DOMAIN_ADDED]
        )
        return endpoint.id

    async def _make_connection(self, org_id: str, _: bool) -> str:
        connection = await creation.create(
            self._context,
            org_id,
            Provider.CLOUDFLARE,
            ApiToken(token=Secret("t0ken")),
            account=None,
            scopes=(),
            expires_at=None,
            refresh_at=None,
            actor="daemon",
        )
        return connection.id

    async def _make_member(self, org_id: str, _: bool) -> str:
        address = f"m{next(self._number)}@customer.com"
        return (await invitations.invite(self._context, org_id, address=address, role=Role.MEMBER)).member.id

    async def _make_contact(self, org_id: str, _: bool) -> str:
        contact = Contact(
            id=self._context.new_id(IdPrefix.CONTACT),
            org_id=org_id,
            address=f"c{next(self._number)}@customer.com",
            status=ContactStatus.ACTIVE,
            created_at=1,
            updated_at=1,
        )
        await self._context.database.write(lambda tx: alert_contacts.insert(tx, contact))
        return contact.id

    async def _make_zone(self, org_id: str, _: bool) -> str:
        return (await registry.add(self._context, org_id, f"z{next(self._number)}.customer.com")).id

    async def _make_link(self, org_id: str, is_inside: bool) -> str:
        domain_id = await self._make_domain(org_id, is_inside)
        created = await link_creation.create(self._context, org_id, domain_id=domain_id, lifetime_ms=MINUTE)
        return created.link.id

    async def _make_session(self, org_id: str, is_inside: bool) -> str:
        minted = await self._mint(org_id, is_inside)
        return (await begin_session(self._context, minted)).session.id

    async def _make_token(self, org_id: str, is_inside: bool) -> str:
        return (await self._mint(org_id, is_inside)).token.id

    async def _mint(self, org_id: str, is_inside: bool) -> MintedToken:
        limits = TokenLimits(
            # No more than any caller of the matrix who is let through, or they could not take it over.
            scopes=[Scope.TOKENS_WRITE],
            domains=["a.inside.customer.com" if is_inside else "a.outside.customer.com"],
        )
        return await minting.create(self._context, org_id, name="t", role=Role.MEMBER, expires_at=None, limits=limits)


def tenant_routes(app: Api) -> set[str]:
    return {
        f"{method} {route.path_format}"
        for route in app.routes
        for method in getattr(route, "methods", ())
        if route.path_format.startswith("/api/") and method != "OPTIONS"
    }


def test_every_route_has_a_row_and_every_row_a_route(built_app: Api) -> None:
    assert tenant_routes(built_app) == set(ROUTES) | WITHOUT_TOKEN


async def _client_of(context: Context, anybody: Client, org_id: str, row: Row, caller: CallerCase) -> Client:
    scopes: Any = UNSET
    if caller.scopes == "needed" and row.scope is not None:
        scopes = [row.scope]
    elif caller.scopes == "others":
        scopes = [scope for scope in Scope if scope != row.scope]
    minted = await minting.create(
        context,
        org_id,
        name="tester",
        role=caller.role,
        expires_at=None,
        limits=TokenLimits(scopes=scopes, domains=[INSIDE] if caller.is_limited else UNSET, read_only=caller.read_only),
    )
    return anybody.as_bearer(minted.plaintext.reveal())


@pytest.mark.parametrize("name", sorted(ROUTES))
@pytest.mark.sampled(6)
async def test_each_right_comes_before_everything_else(
    context: Context, organization: Organization, anybody: Client, name: str
) -> None:
    await check_route(context, organization, anybody, name, EACH_RIGHT_ALONE)


@pytest.mark.sweep
@pytest.mark.parametrize("name", sorted(ROUTES))
async def test_all_rights_together_come_before_everything_else(
    context: Context, organization: Organization, anybody: Client, name: str
) -> None:
    await check_route(context, organization, anybody, name, ALL_CASES)


async def check_route(
    context: Context, organization: Organization, anybody: Client, name: str, cases: Sequence[CallerCase]
) -> None:
    """Call a route as each caller for each target, and compare with the table."""
    row = ROUTES[name]
    method, path = name.split(" ")
    async for case in play_cases(context, organization, anybody, row, cases):
        answer = await case.client.call(
            method,
            re.sub(r"\{\w+\}", case.object_id, path),
            data=row.body.encode() if row.body is not None else None,
        )
        assert _refusal_of(answer) == case.refusal, (name, case, answer.status, answer.body)


class PlayedCase(Struct, frozen=True, kw_only=True):
    """A caller with what they call for. refusal: the code with which they have to be refused, if at all."""

    caller: CallerCase
    target: Target
    client: Client
    object_id: str
    refusal: str | None


async def play_cases(
    context: Context, organization: Organization, anybody: Client, row: Row, cases: Sequence[CallerCase]
) -> AsyncIterator[PlayedCase]:
    """Make each caller with each target. Each has a token and an object of its own: a call may remove either."""
    unlimited: dict[str, int | None] = {
        Quota.TOKENS: 0,
        Quota.ENDPOINTS: 0,
        Quota.CONNECTIONS: 0,
        Quota.ZONES: 0,
        Quota.MEMBERS: 0,
        Quota.LINKS: 0,
    }
    await quotas.set_quotas(context, organization.id, unlimited)
    other = await organizations.create(context, "others")
    await quotas.set_quotas(context, other.id, unlimited)
    objects = Objects(context, organization, other)
    for caller in cases:
        for target in TARGETS if row.owned is not None else TARGETS[:1]:
            yield PlayedCase(
                caller=caller,
                target=target,
                client=await _client_of(context, anybody, organization.id, row, caller),
                object_id="" if row.owned is None else await objects.make(row.owned, target),
                refusal=expected_refusal(row, caller, target),
            )


def _refusal_of(answer: Answer) -> str | None:
    if answer.status < 400:
        return None
    code: str = answer.json["code"]
    return code if answer.status in (401, 403, 404) else None
