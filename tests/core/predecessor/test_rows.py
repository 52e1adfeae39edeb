"""Rows of the predecessor's tables, each read as a row or said to stay behind."""

from typing import Any

import pytest

from dcvd.core.members import MemberStatus
from dcvd.core.predecessor.credential_rows import read_endpoint, read_token
from dcvd.core.predecessor.domain_rows import order_claims, read_domain
from dcvd.core.predecessor.organization_rows import read_history, read_member, read_organization
from dcvd.core.predecessor.rows import (
    DomainRow,
    EndpointRow,
    HistoryRow,
    ImportOutcome,
    ImportRequest,
    ImportResult,
    MemberRow,
    OrganizationRow,
    RowKind,
    TokenRow,
    decode_request,
    encode_request,
)
from dcvd.core.secret import Secret

NOW = 1_800_000_000_000
HASH = "ab" * 32


def only(results: list[Any]) -> Any:
    (result,) = results
    return result


@pytest.mark.parametrize("bad", ["", "a/b", "..", "-x", "a b", "é", "x" * 101, "a\n", None, 7.5, "a?b"])
def test_an_id_that_could_not_stand_in_a_path_is_refused(bad: object) -> None:
    result = only(read_member({"id": bad, "org_id": "o", "email": "a@b.example"}))
    assert isinstance(result, ImportResult)
    assert (result.outcome, result.kind, result.name) == (ImportOutcome.REFUSED, RowKind.MEMBER, "a@b.example")
    assert "Its id cannot be one here" in result.notes[0]


@pytest.mark.parametrize("good", ["0b5f0d3e-5c6b-4a7e-9a55-1d2c3b4a5f60", "org_1", "7", 7, "x" * 100])
def test_ids_of_every_other_form_stay_as_they_are(good: object) -> None:
    assert only(read_member({"id": good, "org_id": good, "email": "a@b.example"})).id == str(good)


def test_an_organization_without_a_name_or_with_a_long_one_gets_another() -> None:
    assert only(read_organization({"id": "o1"})).title == "Organization o1"
    row = only(read_organization({"id": "o1", "name": "x" * 300, "subscription_tier": "agency"}))
    assert isinstance(row, OrganizationRow)
    assert len(row.title) == 100
    assert [note.split(",")[0][:30] for note in row.notes] == [
        "Its name was longer than 100 c",
        "It was of the tier agency; the",
    ]


@pytest.mark.parametrize(
    ("status", "kept"), [("active", "invited"), ("invited", "invited"), ("suspended", "suspended")]
)
def test_nobody_is_an_active_member_before_they_accept(status: str, kept: str) -> None:
    row = only(read_member({"id": "m", "org_id": "o", "email": " Ann@B.example", "role": "admin", "status": status}))
    assert isinstance(row, MemberRow)
    assert (row.address, row.status) == ("ann@b.example", MemberStatus(kept))


def test_an_address_that_a_migration_made_up_is_left_out() -> None:
    result = only(read_member({"id": "m", "org_id": "Org-1", "email": "owner@org-1.LOCAL"}))
    assert result.outcome is ImportOutcome.LEFT_OUT


@pytest.mark.parametrize(
    ("expires_at", "outcome"),
    [("2020-01-01 00:00:00", "left_out"), ("whenever", "refused"), (NOW, "left_out"), (NOW + 1000, None), (None, None)],
)
def test_a_token_never_outlives_its_end(expires_at: object, outcome: str | None) -> None:
    read = only(read_token({"id": "t", "org_id": "o", "token_hash": HASH.upper(), "expires_at": expires_at}, now=NOW))
    if outcome is None:
        assert isinstance(read, TokenRow)
        assert read.token_hash == HASH
    else:
        assert read.outcome == outcome


@pytest.mark.parametrize("token_hash", [None, "", "ab" * 31, "zz" * 32, f"{HASH}\n{HASH}"])
def test_a_token_whose_hash_is_none_is_refused(token_hash: str | None) -> None:
    assert only(read_token({"id": "t", "org_id": "o", "token_hash": token_hash}, now=NOW)).outcome == "refused"


@pytest.mark.parametrize("secret", ["short", "ab" * 32, " with blanks ", "ünï", "line\nbreak"])
def test_a_secret_stays_byte_for_byte_and_is_not_shown(secret: str) -> None:
    row = only(
        read_endpoint({"id": "e", "org_id": "o", "url": "https://x.example", "secret": secret, "events": '["*"]'})
    )
    assert isinstance(row, EndpointRow)
    assert row.secret.reveal() == secret
    assert secret not in repr(row)
    body = encode_request(ImportRequest(rows=[row]))
    assert decode_request(body).rows == [row]


@pytest.mark.parametrize(("enabled", "kept"), [(1, True), (0, False), ("0", False), ("1", True), (None, False)])
def test_an_endpoint_is_enabled_as_it_was(enabled: object, kept: bool) -> None:
    row = {"id": "e", "org_id": "o", "url": "https://x.example", "secret": "s", "events": '["*"]', "enabled": enabled}
    assert only(read_endpoint(row)).is_enabled is kept


def test_an_endpoint_that_named_no_event_that_there_is_gets_none_before_somebody_chooses() -> None:
    row = {"id": "e", "org_id": "o", "url": "https://x.example", "secret": "s", "events": '["no.such"]', "enabled": 1}
    row = only(read_endpoint(row))
    assert (row.events, row.is_enabled) == (("*",), False)
    assert row.notes[0] == "There are no such events here: no.such."


@pytest.mark.parametrize(
    ("status", "state"),
    [("active", "active"), ("ERROR", "error"), ("pending", "waiting"), ("issuing", "waiting"), ("limbo", "waiting")],
)
def test_a_status_is_one_of_three(status: str, state: str) -> None:
    row = {"id": "d", "org_id": "o", "domain_name": "a.example", "status": status, "expires_at": "2020-01-01 00:00:00"}
    row = only(read_domain(row, now=NOW))
    assert isinstance(row, DomainRow)
    assert (row.state, row.expires_at, bool(row.notes)) == (state, None, status == "limbo")


def test_of_one_name_the_row_with_a_hostname_comes_first_and_its_rivals_last() -> None:
    def row(
        row_id: str, status: str = "pending_cname", cf_id: str | None = None, name: str = "A.example"
    ) -> dict[str, Any]:
        return {
            "id": row_id,
            "org_id": "o",
            "domain_name": name,
            "status": status,
            "cf_custom_hostname_id": cf_id,
            "created_at": row_id,
        }

    rows = [row("1"), row("2", "active"), row("3", cf_id="x", name="a.example."), row("4", name="b.example")]
    lost = row("5", "active", "y") | {"org_id": "nowhere"}
    assert [(each["id"], is_rival) for each, is_rival in order_claims([*rows, lost], {"o"})] == [
        ("3", False),
        ("4", False),
        ("2", True),
        ("1", True),
        ("5", True),
    ]


def test_long_details_are_cut_and_that_is_said() -> None:
    row = only(read_history({"id": "a", "org_id": "o", "action": "x", "details": '"' + "y" * 20_000 + '"'}))
    assert isinstance(row, HistoryRow)
    assert len(row.details) == 8_192
    assert row.notes == ("Its details were longer than 8192 characters, and are cut.",)


def test_a_request_does_not_show_secrets() -> None:
    assert "[redacted]" in repr(
        EndpointRow(id="e", org_id="o", url="u", secret=Secret("s3"), events=(), is_enabled=True)
    )
