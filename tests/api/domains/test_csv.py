"""`/api/domains.csv`."""

import asyncio
import csv
import io

import pytest

from dcvd.api.domains import csv_export
from dcvd.api.domains.csv_export import COLUMNS, escape_formula
from dcvd.core.domains.observations import RegistrationRefusal
from dcvd.errors import StoreError
from dcvd.services.context import Context
from dcvd.services.domains import additions, queries, removals
from dcvd.services.lifecycle import checks
from dcvd.store.engine.paging import Page
from dcvd.store.organizations import Organization
from tests.api.client import Answer, Client, problem
from tests.api.conftest import Mint, bring_to_active
from tests.manual_clock import ManualClock
from tests.waiting import until

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
        "errorCode": "",
        "errorMessage": "",
        "dnsState": "verified",
        "validation": "http",
        "wildcard": "false",
        "cnameTarget": "edge.example.net",
        "cfStatus": "active",
        "cfSslStatus": "active",
        "issuer": "GoogleTrustServices",
        "expiresAt": "2027-04-15T08:00:00Z",
        "createdAt": "2027-01-15T08:00:00Z",
        "updatedAt": "2027-01-15T08:00:00Z",
    }
    assert second["errorMessage"] == f"'{message}"
    assert (second["status"], second["wildcard"], second["ready"]) == ("error", "true", "false")


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


@pytest.mark.parametrize("query", ["", "?search=customer"])
async def test_what_stays_is_in_it_once_whatever_comes_and_goes_between_its_pages(
    owner: Client,
    context: Context,
    organization: Organization,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    query: str,
) -> None:
    monkeypatch.setattr(csv_export, "_READ_BATCH", 2)
    for number in range(7):
        clock.advance(1)
        await additions.add(context, organization.id, f"n{number}.customer.com")
    read = queries.list_page
    pages = 0

    async def and_something_happens(*arguments: object, **options: object) -> object:
        nonlocal pages
        found = await read(*arguments, **options)  # type: ignore[arg-type]
        pages += 1
        await removals.remove(context, organization.id, found.items[0].id)
        clock.advance(1)
        await additions.add(context, organization.id, f"a{pages}.customer.com")
        return found

    monkeypatch.setattr(queries, "list_page", and_something_happens)
    names = [row["domainName"] for row in _rows(await owner.get(f"{EXPORT}{query}"))]
    assert sorted(names) == [f"n{number}.customer.com" for number in range(7)]
    assert pages == 4


async def test_an_export_that_fails_in_the_middle_does_not_look_whole(
    owner: Client,
    context: Context,
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await additions.add(context, organization.id, "a.customer.com")

    async def fail(*arguments: object, **options: object) -> object:
        raise StoreError("The disk is broken.")

    monkeypatch.setattr(queries, "list_page", fail)
    with pytest.raises(Exception, match=r"payload|not completed|disconnected") as caught:
        await owner.get(EXPORT)
    assert "Client" in type(caught.value).__name__ or "Server" in type(caught.value).__name__


async def test_an_export_ends_when_its_client_leaves(
    addresses: tuple[int, object],
    mint: Mint,
    context: Context,
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    domain = await additions.add(context, organization.id, "a.customer.com")

    async def without_end(*arguments: object, **options: object) -> Page[object]:
        return Page([domain] * 100, "more")

    monkeypatch.setattr(queries, "list_page", without_end)
    reader, writer = await asyncio.open_connection("127.0.0.1", addresses[0])
    writer.write(f"GET {EXPORT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {await mint()}\r\n\r\n".encode())
    assert len(await reader.readexactly(100_000)) == 100_000
    assert _exports()
    writer.transport.abort()

    async def has_ended() -> bool:
        return not _exports()

    await until(has_ended)


def _exports() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if task.get_name() == "api.stream"]
