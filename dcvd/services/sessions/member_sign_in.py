"""Sign in members whom an identity provider has named: they choose for which organization, where several have them."""

from typing import Final

from msgspec import Struct

from dcvd.core.members import Member
from dcvd.core.oidc.attempts import ATTEMPT_LIFETIME_MS, SignInAttempt
from dcvd.core.oidc.people import SignInChoice, VerifiedPerson, choose_role_group, read_groups, read_verified_address
from dcvd.core.organizations.status import build_refusal
from dcvd.core.secret import Secret
from dcvd.core.sentences.wording import word
from dcvd.core.sign_in_links import is_sign_in_code, mint_sign_in_code
from dcvd.core.tokens.token import hash_token
from dcvd.errors import Forbidden
from dcvd.oauth.openid import OpenIdClient, name_provider
from dcvd.services.context import Context
from dcvd.services.sessions.beginning import BegunSession, Browser, begin_for_member
from dcvd.store import members, sign_in_choices
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.organizations import organizations

ADDRESS_NOT_VERIFIED: Final = "address_not_verified"
NO_GROUP_OF_ROLES: Final = "no_group_of_roles"
_MAX_MEMBERSHIPS: Final = 100
_MAX_CHOICES_OF_ADDRESS: Final = 10


class Membership(Struct, frozen=True):
    """An active member, and the name of their organization."""

    member: Member
    organization: str


async def identify(context: Context, client: OpenIdClient, code: Secret, attempt: SignInAttempt) -> VerifiedPerson:
    """Find out from the provider who came back with a code.

    Raises what `OpenIdClient` raises, and Forbidden with one of the codes above for a person who is nobody here.
    """
    oidc = context.config.web_oidc
    name = name_provider(oidc)
    claims = await client.redeem(code, attempt, context.now())
    address = read_verified_address(claims)
    if address is None:
        raise Forbidden(word("address_not_verified", name=name), code=ADDRESS_NOT_VERIFIED)
    if not oidc.role_claim:
        return VerifiedPerson(issuer=oidc.issuer, address=address)
    role_group = choose_role_group(read_groups(claims, oidc.role_claim), oidc.roles)
    if role_group is None:
        raise Forbidden(word("no_group_of_roles", name=name), code=NO_GROUP_OF_ROLES)
    return VerifiedPerson(issuer=oidc.issuer, address=address, role_group=role_group)


async def list_memberships(context: Context, person: VerifiedPerson) -> list[Membership]:
    """List organizations of which a person is an active member, and that may use dcvd, by name; there are few."""

    def query(snapshot: Snapshot) -> list[Membership]:
        found = []
        for member in members.list_active_by_address(snapshot, person.address, _MAX_MEMBERSHIPS):
            organization = organizations.find(snapshot, member.org_id)
            if organization is not None and build_refusal(organization.status) is None:
                found.append(Membership(member, organization.name))
        return sorted(found, key=lambda each: each.organization.casefold())

    return await context.database.read(query)


async def begin(context: Context, person: VerifiedPerson, member_id: str, browser: Browser) -> BegunSession | None:
    """Begin a session for one of a person's organizations; None where they are no active member there any more."""

    def unit(tx: Transaction) -> BegunSession | None:
        return _begin(context, tx, person, member_id, browser)

    return await context.database.write(unit)


async def offer_choice(context: Context, person: VerifiedPerson) -> Secret:
    """Keep a person until they have chosen for which organization they sign in; return the code of their choice."""
    now, code = context.now(), mint_sign_in_code(context.random_bytes)
    choice = SignInChoice(person=person, created_at=now, expires_at=now + ATTEMPT_LIFETIME_MS)

    def unit(tx: Transaction) -> Secret:
        sign_in_choices.delete_beyond(tx, person.address, _MAX_CHOICES_OF_ADDRESS - 1)
        sign_in_choices.insert(tx, choice, hash_token(code.reveal()))
        return code

    return await context.database.write(unit)


async def choose(context: Context, code: str, member_id: str, browser: Browser) -> BegunSession | None:
    """Begin the session that a person has chosen, which uses up the choice; None where they may not choose it."""
    if not is_sign_in_code(code):
        return None
    code_hash = hash_token(code)
    if await context.database.read(lambda snapshot: sign_in_choices.find_by_hash(snapshot, code_hash)) is None:
        return None

    def unit(tx: Transaction) -> BegunSession | None:
        choice = sign_in_choices.find_by_hash(tx, code_hash)
        if choice is None or not choice.is_in_force(context.now()):
            return None
        sign_in_choices.delete(tx, code_hash)
        return _begin(context, tx, choice.person, member_id, browser)

    return await context.database.write(unit)


def _begin(
    context: Context, tx: Transaction, person: VerifiedPerson, member_id: str, browser: Browser
) -> BegunSession | None:
    member = members.get(tx, member_id)
    if member is None:
        return None
    return begin_for_member(context, tx, person, member, browser)
