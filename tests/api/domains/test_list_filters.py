"""Lists of domains by readiness, findings, actors, expiry and connections, and in another order."""

import pytest
from msgspec.structs import replace

from dcvd.core.domains.domain import Certificate, DomainStatus, Finding
from dcvd.core.domains.saas_zone import SaasZone, ZoneFault, ZoneFaultCode
from dcvd.core.instants import DAY, to_rfc3339
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.store import domains
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.served_app.client import Client, problem

MISSING = Finding(code="cname_missing", severity="error", actor="customer", message="It is missing.")
LAME = Finding(code="ns_lame", severity="warning", actor="customer", message="It is lame.")


@pytest.fixture
async def names(context: Context, organization: Organization, clock: ManualClock) -> list[str]:
    """Eight: every second is active and ready, those after the fifth have findings, each expires a day earlier."""
    found = []
    for number in range(8):
        clock.advance(1)
        domain = await additions.add(context, organization.id, f"n{number}.customer.com")
        is_active = number % 2 == 0
        domain = replace(
            domain,
            status=DomainStatus.ACTIVE if is_active else DomainStatus.PENDING_CNAME,
            ready_since=clock.now() if is_active else None,
            certificate=Certificate(expires_at=context.now() + (8 - number) * DAY) if number else None,
            findings=(MISSING, LAME) if number > 5 else (),
        )
        await context.database.write(lambda tx: domains.update(tx, domain))  # noqa: B023  # it is awaited at once
        found.append(domain.name)
    return found


async def listed(owner: Client, query: str, limit: int = 50) -> list[str]:
    """The names of all pages."""
    found: list[str] = []
    cursor = ""
    while True:
        answer = (await owner.get(f"/api/domains?{query}&limit={limit}{cursor}")).json
        assert len(answer["domains"]) <= limit
        found += [domain["domainName"] for domain in answer["domains"]]
        if answer["nextCursor"] is None:
            return found
        cursor = f"&cursor={answer['nextCursor']}"


@pytest.mark.parametrize("limit", [1, 3, 50])
async def test_each_filter_keeps_what_it_names_on_every_page(
    owner: Client, names: list[str], context: Context, limit: int
) -> None:
    newest_first = names[::-1]
    assert await listed(owner, "ready=true", limit) == newest_first[1::2]
    assert await listed(owner, "ready=false", limit) == newest_first[0::2]
    assert await listed(owner, "finding=cname_missing", limit) == newest_first[:2]
    assert await listed(owner, "finding=ns_lame&actor=customer&ready=true", limit) == ["n6.customer.com"]
    assert await listed(owner, "finding=ns_lame&actor=operator", limit) == []
    assert await listed(owner, "actor=customer&sort=createdAt", limit) == names[6:]
    early = to_rfc3339(context.now() + 2 * DAY + DAY // 2)
    assert await listed(owner, f"expiresBefore={early}", limit) == newest_first[:2]
    assert await listed(owner, "connectionId=conn_none", limit) == []


@pytest.mark.parametrize("limit", [1, 3, 50])
async def test_each_order_is_kept_over_all_pages(owner: Client, names: list[str], limit: int) -> None:
    assert await listed(owner, "sort=-createdAt", limit) == names[::-1]
    assert await listed(owner, "sort=createdAt", limit) == names
    assert await listed(owner, "sort=name", limit) == names
    assert await listed(owner, "sort=expiresAt", limit) == [*names[:0:-1], names[0]]
    assert await listed(owner, "search=customer&sort=name&ready=true", limit) == names[::2]


async def test_a_fault_of_the_service_is_a_finding_of_every_domain_that_waits(
    owner: Client, names: list[str], context: Context
) -> None:
    fault = ZoneFault(code=ZoneFaultCode.UNAUTHORIZED, message="No.", since=context.now())
    context.saas_zone.value = SaasZone(faults=(fault,))
    assert await listed(owner, "finding=cloudflare_unauthorized&sort=name") == names[1::2]
    assert await listed(owner, "actor=operator&sort=name") == names[1::2]


async def test_a_rare_finding_among_many_domains_is_found_page_by_page(
    owner: Client, context: Context, organization: Organization
) -> None:
    first = await additions.add(context, organization.id, "first.customer.com")
    rows = [replace(first, id=f"dom_{number:05}", name=f"m{number}.customer.com") for number in range(4100)]
    rows[7] = replace(rows[7], findings=(MISSING,))
    await context.database.write(lambda tx: domains.insert_all(tx, rows))
    answer = (await owner.get("/api/domains?finding=cname_missing")).json
    assert answer["domains"] == []
    assert answer["nextCursor"] is not None
    assert await listed(owner, "finding=cname_missing") == ["m7.customer.com"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("ready=yes", "ready"),
        ("finding=none", "finding"),
        ("actor=me", "actor"),
        ("expiresBefore=tomorrow", "expiresBefore"),
        ("sort=-name", "sort"),
        ("search=a&sort=createdAt", "sort"),
        ("sort=expiresAt&cursor=bjE", "cursor"),
    ],
)
async def test_what_cannot_be_meant_is_refused_by_its_name(owner: Client, query: str, field: str) -> None:
    answer = await owner.get(f"/api/domains?{query}")
    problem(answer, 400, "invalid_input")
    assert answer.json["errors"][0]["field"] == field
