"""`/api/domains.csv`."""

import asyncio
import csv
import io
from contextlib import ExitStack

import pytest

from dcvd.api.app import Api
from dcvd.core.domains.additions import DomainRequest
from dcvd.core.domains.cells import escape_formula
from dcvd.core.domains.observations import RegistrationRefusal
from dcvd.services.context import Context
from dcvd.services.domains import additions, queries, removals
from dcvd.services.domains.bulk import BulkRequest
from dcvd.services.domains.bulk_additions import BulkAdditions, validate_line
from dcvd.services.domains.csv_export import COLUMNS
from dcvd.services.domains.queries import DomainQuery
from dcvd.services.lifecycle import checks
from dcvd.store.engine.paging import MAX_LIMIT
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.served_app.client import Answer, Client, problem
from tests.served_app.fixtures import Mint
from tests.served_app.stand_ins import bring_to_active
from tests.unreliable_database import Fate, UnreliableDatabase, strike
from tests.waiting import until
from tests.web.sign_in.browser import signed_in

EXPORT = "/api/domains.csv"


def _rows(answer: Answer) -> list[dict[str, str]]:
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/csv; header=present; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="domains.csv"'
    assert answer.body.endswith(b"\r\n")
    return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))


async def test_every_domain_is_in_it_with_what_is_known(
    owner: Client, context: Context, organization: Organization, clock: ManualClock
) -> None:
    active = await additions.add(context, organization.id, "active.customer.com")
    await bring_to_active(context, active)
    clock.advance(1)
    refused = await additions.add(context, organization.id, "refused.customer.com", wildcard=True)
    message = '=HYPERLINK("https://evil"), "quoted", and\r\nin two lines'
    await checks.record(context, refused.id, [RegistrationRefusal("hostname_invalid", message)], actor="sync")
    answer = await owner.get(EXPORT)
    second, first = _rows(answer)
    assert tuple(first) == COLUMNS
    assert first == {
        "id": active.id,
        "domainName": "active.customer.com",
        "status": "active",
        "ready": "true",
        "readySince": "2027-01-15T08:00:00Z",
        "errorCode": "",
        "errorMessage": "",
        "dnsStatus": "verified",
        "validation": "http",
        "wildcard": "false",
        "cnameTarget": "edge.example.net",
        "proof": "shared_cname",
        "dormantSince": "",
        "cfStatus": "active",
        "cfSslStatus": "active",
        "issuer": "GoogleTrustServices",
        "expiresAt": "2027-04-15T08:00:00Z",
        "findings": "",
        "externalId": "",
        "labels": "",
        "createdAt": "2027-01-15T08:00:00Z",
        "updatedAt": "2027-01-15T08:00:00Z",
    }
    assert second["errorMessage"] == f"'{message}"
    assert (second["status"], second["wildcard"], second["ready"]) == ("error", "true", "false")
    assert (second["findings"], second["readySince"]) == ("hostname_invalid", "")
    only_refused = _rows(await owner.get(f"{EXPORT}?finding=hostname_invalid&ready=false&sort=name"))
    assert [row["domainName"] for row in only_refused] == ["refused.customer.com"]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\n=1"])
def test_a_cell_that_a_spreadsheet_would_calculate_is_shown_instead(cell: str) -> None:
    assert escape_formula(cell) == f"'{cell}"


def test_any_other_cell_stays_as_it_is() -> None:
    assert escape_formula("app.customer.com") == "app.customer.com"
    assert escape_formula("") == ""


async def test_it_can_be_narrowed_as_the_list_can(
    owner: Client, stranger: Client, context: Context, organization: Organization
) -> None:
    first = await additions.add(context, organization.id, "a.customer.com")
    await bring_to_active(context, first)
    await additions.add(context, organization.id, "b.customer.com")
    await additions.add(context, organization.id, "c.other.com")

    async def names(query: str) -> list[str]:
        return sorted(row["domainName"] for row in _rows(await owner.get(f"{EXPORT}{query}")))

    assert await names("") == ["a.customer.com", "b.customer.com", "c.other.com"]
    assert await names("?status=active") == ["a.customer.com"]
    assert await names("?search=customer.com") == ["a.customer.com", "b.customer.com"]
    assert await names("?search=customer.com&status=pending_cname") == ["b.customer.com"]
    problem(await owner.get(f"{EXPORT}?status=gone"), 400, "invalid_input", field="status")
    assert _rows(await stranger.get(EXPORT)) == []


@pytest.mark.parametrize("search", [None, "customer"])
async def test_what_stays_is_in_it_once_whatever_comes_and_goes_between_its_pages(
    context: Context, organization: Organization, clock: ManualClock, search: str | None
) -> None:
    for number in range(7):
        clock.advance(1)
        await additions.add(context, organization.id, f"n{number}.customer.com")
    names: list[str] = []
    pages = 0
    async for domains in queries.iterate_pages(context, organization.id, DomainQuery(search=search), page_size=2):
        names += [domain.name for domain in domains]
        pages += 1
        await removals.remove(context, organization.id, domains[0].id)
        clock.advance(1)
        await additions.add(context, organization.id, f"a{pages}.customer.com")
    assert sorted(names) == [f"n{number}.customer.com" for number in range(7)]
    assert pages == 4


async def test_an_export_that_fails_in_the_middle_does_not_look_whole(
    owner: Client, context: Context, organization: Organization
) -> None:
    await additions.add(context, organization.id, "a.customer.com")
    has_failed = strike(context.database, "list_page", 1, Fate.LOST)
    with pytest.raises(Exception, match=r"payload|not completed|disconnected") as caught:
        await owner.get(EXPORT)
    assert "Client" in type(caught.value).__name__ or "Server" in type(caught.value).__name__
    assert has_failed()


async def test_an_export_ends_when_its_client_leaves(
    addresses: tuple[int, object], anybody: Client, mint: Mint, context: Context, organization: Organization
) -> None:
    call = BulkRequest(org_id=organization.id, actor="operator")
    names = [DomainRequest(domain_name=f"n{number}.customer.com") for number in range(MAX_LIMIT + 1)]
    lines = [validate_line(context, number, request) for number, request in enumerate(names, 1)]
    assert sum([len(done) async for done in BulkAdditions(context, call).add_lines(lines)]) == MAX_LIMIT + 1
    token = await mint()
    await anybody.as_bearer(token).get("/api/whoami")  # what is read once for an organization is known by now
    assert isinstance(context.database, UnreliableDatabase)
    reads, gate = 0, asyncio.Event()

    async def hold_pages() -> None:
        nonlocal reads
        reads += 1
        if reads > 1:  # the first one authenticates
            await gate.wait()

    context.database.after_read = hold_pages
    reader, writer = await asyncio.open_connection("127.0.0.1", addresses[0])
    writer.write(f"GET {EXPORT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    await reader.readuntil(b"domainName")

    async def reads_on() -> bool:
        return reads == 2

    await until(reads_on)
    writer.transport.abort()

    async def has_ended() -> bool:
        return not _tasks("api.client_left") and not _tasks("api.stream")

    await until(has_ended)
    assert not gate.is_set(), "it ended although its next page was not read yet"
    gate.set()


def _tasks(name: str) -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if task.get_name() == name]


async def test_one_organization_downloads_few_at_once(
    owner: Client, stranger: Client, app: Api, organization: Organization
) -> None:
    browser, limit = await signed_in(owner), app.services.download_limit
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(limit.admit(organization.id))
        refused = await owner.get(EXPORT)
        assert problem(refused, 429, "too_many_requests")["detail"].startswith("4 downloads of yours are under way")
        assert (await browser.open("/dashboard/domains.csv")).status == 429
        assert (await stranger.get(EXPORT)).status == 200
    for _ in range(6):
        assert (await browser.open("/dashboard/domains.csv")).status == 200, "what has ended takes no place"
