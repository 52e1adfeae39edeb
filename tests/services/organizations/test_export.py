"""The export of an organization: all that is its own, nothing of others, and no secret."""

import json
from typing import Any

import pytest

from dcvd.errors import NotFound
from dcvd.services.context import Context
from dcvd.services.organizations.export import export_lines
from dcvd.store.engine.transactions import Transaction
from dcvd.store.organizations.data import OWNED_TABLES
from tests.owned_rows import SECRETS, fill


async def export(context: Context, org_id: str) -> list[Any]:
    pieces = [piece async for piece in export_lines(context, org_id)]
    return [json.loads(line) for line in b"".join(pieces).splitlines()]


async def test_every_table_is_in_it_and_nothing_of_another_organization(
    context: Context, org: str, rival_org: str
) -> None:
    domain = await fill(context, org, "acme")
    rival_domain = await fill(context, rival_org, "rival")
    lines = await export(context, org)
    tables = {line["table"] for line in lines}
    assert tables == {
        "organizations",
        *(t.name for t in OWNED_TABLES),
        *(c.name for t in OWNED_TABLES for c in t.children),
    }
    assert lines[0]["row"]["id"] == org
    assert {line["row"]["org_id"] for line in lines if "org_id" in line["row"]} == {org}
    text = json.dumps(lines)
    assert domain.id in text
    assert rival_org not in text
    assert rival_domain.id not in text


async def test_secrets_are_left_out(context: Context, org: str) -> None:
    await fill(context, org, "acme")
    text = "".join([piece.decode() async for piece in export_lines(context, org)])
    for secret in SECRETS:
        assert secret not in text
    for word in ("token_hash", "sealed", "encrypted", "state_hash", "dcv_live_", "whsec_"):
        assert word not in text


async def test_values_are_readable_instants_json_and_bytes(context: Context, org: str) -> None:
    await fill(context, org, "acme")
    by_table = {line["table"]: line["row"] for line in await export(context, org)}
    assert by_table["events"]["body"]["event"] == "domain.added"
    assert by_table["domains"]["created_at"] == "2027-01-15T08:00:00Z"
    assert by_table["domains"]["findings"] == []
    assert by_table["attempts"]["headers"] == {"a": "b"}
    assert by_table["attempts"]["response"] == {"base64": "/wA="}
    assert by_table["jobs"]["payload"] is not None


async def test_more_rows_than_a_page_are_all_there_once(context: Context, org: str) -> None:
    def unit(tx: Transaction) -> None:
        tx.execute_many(
            "INSERT INTO timeline (id, org_id, domain_id, kind, actor, data, at) VALUES (?, ?, 'dom', 0, 'a', '{}', 1)",
            [(f"tl_{number}", org) for number in range(450)],
        )
        tx.execute_many(
            "INSERT INTO bulk_lines (org_id, key, line, fingerprint, outcome, created_at)"
            " VALUES (?, ?, ?, 'f', '{}', 1)",
            [(org, f"key{number % 3}", number) for number in range(450)],
        )

    await context.database.write(unit)
    lines = await export(context, org)
    for table in ("timeline", "bulk_lines"):
        rows = [json.dumps(line["row"]) for line in lines if line["table"] == table]
        assert len(rows) == len(set(rows)) == 450


async def test_an_organization_that_is_not_there_has_none(context: Context) -> None:
    with pytest.raises(NotFound):
        await export(context, "org_x")
