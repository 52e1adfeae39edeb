"""Where groups are configured to give roles, a member's session has that of their group, and nobody else is let in."""

import pytest

from dcvd.core.instants import HOUR
from dcvd.core.members import MemberStatus
from dcvd.core.operators import OperatorRights
from dcvd.core.tokens.token import Role
from dcvd.errors import Conflict, Forbidden, InvalidInput, Unauthenticated
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.links import creation
from dcvd.services.members import changes, invitations
from dcvd.services.sessions import ending
from dcvd.services.tokens import minting
from dcvd.services.tokens.authentication import KeptCallers, act_as
from dcvd.services.tokens.usage import TokenUsage
from dcvd.store.organizations.organizations import Organization
from tests.served_app.client import Client, problem
from tests.web.connect.visitor import read_text
from tests.web.sign_in.oidc.issuer import ADDRESS, FakeIssuer
from tests.web.sign_in.oidc.place import GROUPS, OidcBrowser, add_member, configure, find_caller, find_role


@pytest.fixture
async def low(context: Context, organization: Organization, issuer: FakeIssuer) -> str:
    """A member whose membership only reads, where groups give roles."""
    configure(context, **GROUPS)
    return await add_member(context, organization.id, "mem_ann", role=Role.MEMBER)


async def sign_in(browser: OidcBrowser, issuer: FakeIssuer, *groups: str) -> None:
    issuer.claims = {"groups": list(groups)}
    assert (await browser.sign_in_at(issuer)).status == 200


@pytest.mark.parametrize("membership", Role)
@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (["dcvd-admins"], Role.ADMIN), ("dcvd-admins", Role.ADMIN), (["support", "dcvd-admins", "x"], Role.ADMIN),
        (["support"], Role.MEMBER), (["support", "dcvd-owners"], Role.OWNER),
    ],
)  # fmt: skip
async def test_the_highest_role_of_their_groups_is_that_of_the_session_whatever_the_membership(
    issuer: FakeIssuer, browser: OidcBrowser, context: Context, organization: Organization, last_use: TokenUsage,
    membership: Role, groups: object, role: Role,
) -> None:  # fmt: skip
    await add_member(context, organization.id, "mem_ann", role=membership)
    configure(context, **GROUPS)
    issuer.claims = {"groups": groups}
    assert (await browser.sign_in_at(issuer)).status == 200
    assert await find_role(context, browser, last_use) is role
    assert f"{ADDRESS} ({role.value})" in read_text(await browser.open("/dashboard"))


@pytest.mark.parametrize("groups", [None, [], ["others"], "others", {"dcvd-admins": 1}, 7, ["x"] * 1_001 + ["support"]])
async def test_whoever_is_in_no_group_that_gives_a_role_is_not_let_in(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, context: Context, groups: object
) -> None:
    configure(context, **GROUPS)
    issuer.claims = {"groups": groups}
    answer = await browser.sign_in_at(issuer)
    assert answer.status == 403
    assert "None of your groups" in read_text(answer)
    assert browser.secret is None


@pytest.mark.parametrize("status", [MemberStatus.INVITED, MemberStatus.SUSPENDED, None])
async def test_a_group_makes_nobody_a_member(
    issuer: FakeIssuer, browser: OidcBrowser, context: Context, organization: Organization, status: MemberStatus | None
) -> None:
    configure(context, **GROUPS)
    if status is not None:
        await add_member(context, organization.id, "mem_ann", status=status)
    issuer.claims = {"groups": ["dcvd-owners"]}
    assert (await browser.sign_in_at(issuer)).status == 403
    assert browser.secret is None


async def test_groups_do_not_count_unless_they_are_configured(
    issuer: FakeIssuer, browser: OidcBrowser, context: Context, organization: Organization, last_use: TokenUsage
) -> None:
    await add_member(context, organization.id, "mem_ann", role=Role.MEMBER)
    await sign_in(browser, issuer, "dcvd-owners")
    assert await find_role(context, browser, last_use) is Role.MEMBER


async def test_the_role_of_a_group_stays_when_the_membership_changes_and_ends_with_it(
    issuer: FakeIssuer, browser: OidcBrowser, low: str, context: Context, organization: Organization,
    last_use: TokenUsage,
) -> None:  # fmt: skip
    await sign_in(browser, issuer, "dcvd-admins")
    await changes.change(context, organization.id, low, role=Role.OWNER)
    assert await find_role(context, browser, last_use) is Role.ADMIN
    await changes.change(context, organization.id, low, status=MemberStatus.SUSPENDED)
    with pytest.raises(Unauthenticated):
        await find_role(context, browser, last_use)


async def test_each_session_has_the_groups_of_its_own_sign_in(
    issuer: FakeIssuer, browser: OidcBrowser, anybody: Client, low: str, context: Context, last_use: TokenUsage
) -> None:
    await sign_in(browser, issuer, "dcvd-admins")
    later = OidcBrowser(anybody)
    await sign_in(later, issuer, "support")
    assert await find_role(context, browser, last_use) is Role.ADMIN
    assert await find_role(context, later, last_use) is Role.MEMBER


async def test_a_change_of_what_groups_give_counts_at_once(
    issuer: FakeIssuer, browser: OidcBrowser, low: str, context: Context, organization: Organization,
    last_use: TokenUsage,
) -> None:  # fmt: skip
    await sign_in(browser, issuer, "dcvd-owners")
    before = await find_caller(context, browser, last_use)
    configure(context, roles={"dcvd-owners": Role.MEMBER})
    assert await find_role(context, browser, last_use) is Role.MEMBER
    with pytest.raises(Forbidden) as refused:
        await additions.add(act_as(context, before), organization.id, "app.customer.com")
    assert refused.value.code == "rights_changed"
    assert await ending.end_unconfigured(context, OperatorRights()) == 0


async def test_a_session_whose_group_gives_no_role_any_more_ends_for_good(
    issuer: FakeIssuer, browser: OidcBrowser, low: str, context: Context
) -> None:
    await sign_in(browser, issuer, "dcvd-owners", "support")
    configure(context, roles={"support": Role.MEMBER})
    assert (await browser.open("/dashboard")).status == 303
    assert await ending.end_unconfigured(context, OperatorRights()) == 1
    configure(context, **GROUPS)
    assert (await browser.open("/dashboard")).status == 303


async def test_where_groups_count_no_more_the_membership_gives_the_role(
    issuer: FakeIssuer, browser: OidcBrowser, low: str, context: Context, last_use: TokenUsage
) -> None:
    await sign_in(browser, issuer, "dcvd-owners")
    configure(context, role_claim="", roles={})
    assert await find_role(context, browser, last_use) is Role.MEMBER


async def test_the_group_gives_the_role_in_whichever_organization_is_chosen(
    issuer: FakeIssuer, browser: OidcBrowser, low: str, context: Context, last_use: TokenUsage
) -> None:
    other = await organizations.create(context, "Other")
    await add_member(context, other.id, "mem_other", role=Role.MEMBER)
    await sign_in(browser, issuer, "dcvd-admins")
    assert (await browser.choose("mem_other")).status == 200
    caller = await find_caller(context, browser, last_use)
    assert (caller.org_id, caller.role) == (other.id, Role.ADMIN)


async def test_who_was_asked_to_choose_before_groups_counted_signs_in_again(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, context: Context
) -> None:
    other = await organizations.create(context, "Other")
    await add_member(context, other.id, "mem_other")
    await sign_in(browser, issuer)
    configure(context, **GROUPS)
    assert (await browser.choose(member_id)).status == 400
    assert browser.secret is None


async def test_the_audit_says_which_role_and_by_which_group(
    issuer: FakeIssuer, browser: OidcBrowser, low: str, owner: Client
) -> None:
    await sign_in(browser, issuer, "dcvd-admins")
    (begun,) = (await owner.get("/api/audit?action=session.begun")).json["audit"]
    assert begun["actor"] == f"member:{low}"
    assert (begun["after"]["role"], begun["after"]["roleGroup"]) == ("admin", "dcvd-admins")


async def test_a_member_gives_others_what_their_group_gives_them_and_no_more(
    issuer: FakeIssuer, browser: OidcBrowser, low: str, context: Context, organization: Organization,
    last_use: TokenUsage,
) -> None:  # fmt: skip
    await sign_in(browser, issuer, "dcvd-admins")
    acting = act_as(context, await find_caller(context, browser, last_use))
    invited = await invitations.invite(acting, organization.id, address="new@example.net", role=Role.ADMIN)
    await changes.change(acting, organization.id, invited.member.id, role=Role.MEMBER)
    with pytest.raises(Forbidden):
        await invitations.invite(acting, organization.id, address="boss@example.net", role=Role.OWNER)
    with pytest.raises(Forbidden):
        await changes.change(acting, organization.id, low, role=Role.OWNER)


async def test_an_owner_by_a_group_is_no_last_owner_of_an_organization(
    issuer: FakeIssuer, browser: OidcBrowser, low: str, context: Context, organization: Organization,
    last_use: TokenUsage,
) -> None:  # fmt: skip
    await sign_in(browser, issuer, "dcvd-owners")
    acting = act_as(context, await find_caller(context, browser, last_use))
    with pytest.raises(Conflict) as refused:
        await changes.remove(acting, organization.id, f"{low}_other")
    assert refused.value.code == "last_owner"
    await changes.change(acting, organization.id, low, role=Role.OWNER)
    await changes.remove(acting, organization.id, f"{low}_other")


async def test_a_token_of_the_member_has_the_role_of_the_membership_at_most(
    issuer: FakeIssuer, browser: OidcBrowser, low: str, context: Context, organization: Organization,
    last_use: TokenUsage,
) -> None:  # fmt: skip
    await sign_in(browser, issuer, "dcvd-admins")
    acting = act_as(context, await find_caller(context, browser, last_use))
    with pytest.raises(InvalidInput, match="The member has the role member"):
        await minting.create(acting, organization.id, name="t", role=Role.ADMIN, expires_at=None)
    with pytest.raises(Forbidden):
        await minting.create(acting, organization.id, name="t", role=Role.ADMIN, expires_at=None, member_id=None)
    minted = await minting.create(acting, organization.id, name="t", role=Role.MEMBER, expires_at=None)
    assert (await KeptCallers(context).authenticate(minted.plaintext.reveal())).role is Role.MEMBER


async def test_a_link_for_customers_that_a_member_made_by_their_group_works_while_they_are_active(
    issuer: FakeIssuer, browser: OidcBrowser, low: str, context: Context, organization: Organization,
    last_use: TokenUsage, anybody: Client,
) -> None:  # fmt: skip
    await sign_in(browser, issuer, "dcvd-admins")
    acting = act_as(context, await find_caller(context, browser, last_use))
    created = await creation.create(acting, organization.id, domain_id=None, lifetime_ms=HOUR)
    path = f"/connect/{created.token.reveal()}"
    assert (await anybody.as_bearer(None).get(path)).status == 200
    await changes.change(context, organization.id, low, status=MemberStatus.SUSPENDED)
    assert (await anybody.as_bearer(None).get(path)).status == 404


async def test_a_link_that_a_members_token_made_goes_on_following_the_membership(
    issuer: FakeIssuer, context: Context, organization: Organization, anybody: Client
) -> None:
    configure(context, **GROUPS)
    member_id = await add_member(context, organization.id, "mem_ann", role=Role.ADMIN)
    minted = await minting.create(
        context, organization.id, name="t", role=Role.ADMIN, expires_at=None, member_id=member_id
    )
    acting = act_as(context, await KeptCallers(context).authenticate(minted.plaintext.reveal()))
    created = await creation.create(acting, organization.id, domain_id=None, lifetime_ms=HOUR)
    path = f"/connect/{created.token.reveal()}"
    assert (await anybody.as_bearer(None).get(path)).status == 200
    await changes.change(context, organization.id, member_id, role=Role.MEMBER)
    assert (await anybody.as_bearer(None).get(path)).status == 404


@pytest.mark.parametrize(
    ("membership", "group", "may_end"),
    [(Role.MEMBER, "dcvd-owners", False), (Role.OWNER, "support", True)],
)
async def test_a_session_is_ended_by_those_who_have_the_role_in_which_it_acts(
    issuer: FakeIssuer, browser: OidcBrowser, context: Context, organization: Organization, admin: Client,
    membership: Role, group: str, may_end: bool,
) -> None:  # fmt: skip
    await add_member(context, organization.id, "mem_ann", role=membership)
    configure(context, **GROUPS)
    await sign_in(browser, issuer, group)
    (shown,) = (await admin.get("/api/sessions")).json["sessions"]
    if may_end:
        assert (await admin.delete(f"/api/sessions/{shown['id']}")).status == 204
    else:
        problem(await admin.delete(f"/api/sessions/{shown['id']}"), 403, "forbidden")
        assert (await admin.delete("/api/sessions")).json == {"ended": 0}
    assert (await browser.open("/dashboard")).status == (303 if may_end else 200)


async def test_the_pages_of_people_say_what_their_roles_count_for(
    issuer: FakeIssuer, browser: OidcBrowser, low: str, context: Context
) -> None:
    await sign_in(browser, issuer, "dcvd-admins")
    said = "Whoever signs in with Fake ID has the role that their groups there give."
    for path in ("/dashboard/members", f"/dashboard/members/{low}"):
        assert said in read_text(await browser.open(path))
    configure(context, role_claim="", roles={})
    assert said not in read_text(await browser.open("/dashboard/members"))
