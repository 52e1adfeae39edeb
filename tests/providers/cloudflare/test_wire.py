"""Answers of a Cloudflare that is somebody else, or broken."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.records.zones import Zone
from dcvd.custom_hostnames.wire import CloudflareEnvelope, read_envelope
from dcvd.errors import Permanent, RecordConflict, RemoteError, Retryable, Unauthorized
from dcvd.providers.cloudflare.faults import to_error
from dcvd.providers.cloudflare.wire import read_account, read_records, read_zones, to_body

ID = "0" * 32
RECORD = {"id": ID, "type": "CNAME", "name": "App.Customer.Test", "content": "Edge.Test.", "ttl": 1}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*RECORD, "account"]), inner),
    max_leaves=12,
)


def refused(status: int, code: int | None = None, message: str = "no") -> RemoteError:
    errors = [] if code is None else [{"code": code, "message": message}]
    envelope = read_envelope(msgspec.json.encode({"success": False, "errors": errors, "result": None}))
    return to_error("POST", "/zones/{zone_id}/dns_records", status, envelope, None)


def test_a_record_at_another_name_is_refused() -> None:
    with pytest.raises(Retryable, match="another name"):
        read_records([RECORD, {**RECORD, "name": "evil.test"}], "app.customer.test")


@pytest.mark.parametrize(
    "wrong",
    [{"id": "../x"}, {"id": None}, {"type": "cname\n"}, {"type": 5}, {"content": None}, {"content": "x" * 9000}],
)
def test_a_record_that_cannot_be_read_is_refused_because_it_may_be_in_the_way(wrong: dict[str, object]) -> None:
    with pytest.raises(Retryable):
        read_records([{**RECORD, **wrong}], "app.customer.test")


def test_a_zone_counts_only_by_its_exact_name_and_a_usable_id() -> None:
    listed = [
        {"id": ID, "name": "evil-customer.test", "status": "active"},
        {"id": ID, "name": "Customer.Test", "status": "active"},
    ]
    assert read_zones(listed, "customer.test") == [
        Zone(id=ID, name="customer.test", provider="Cloudflare", flattens_apex=True)
    ]
    for member, value in (("id", "../../user"), ("id", None), ("name", None), ("status", 7), ("name_servers", 1)):
        with pytest.raises(Retryable, match=r"customer\.test"):
            read_zones([*listed, {**listed[1], member: value}], "customer.test")


@pytest.mark.parametrize(
    ("members", "nameservers"),
    [
        ({"name_servers": ["Ada.NS.Test", "bob.ns.test"]}, ("ada.ns.test", "bob.ns.test")),
        ({"name_servers": ["a.ns.test"], "vanity_name_servers": ["NS1.Own.test."]}, ("a.ns.test", "ns1.own.test")),
        ({"name_servers": None, "vanity_name_servers": {}}, ()),
        ({"name_servers": [""]}, ()),
    ],
)  # fmt: skip
def test_a_zone_names_the_servers_that_cloudflare_assigned_and_the_customers_own_names_for_them(
    members: dict[str, object], nameservers: tuple[str, ...]
) -> None:
    (zone,) = read_zones([{"id": ID, "name": "customer.test", "status": "active", **members}], "customer.test")
    assert zone.nameservers == nameservers


def test_an_internal_zone_is_none_of_public_dns() -> None:
    listed = [{"id": ID, "name": "customer.test", "status": "active", "type": "internal"}]
    assert read_zones(listed, "customer.test") == []


def test_an_accounts_name_is_one_short_printable_line() -> None:
    assert read_account([{"account": {"name": f"A\x1b[31m\nB{'x' * 200}"}}]) == f"A [31m B{'x' * 92}"


@pytest.mark.parametrize("name", [None, [], {}, 5, ""])
def test_an_account_without_a_usable_name_has_none(name: object) -> None:
    assert read_account([{"account": {"name": name}}]) is None
    assert read_account([{"account": {"name": "A"}}, {"account": {"name": name}}]) is None


@given(JSON)
def test_no_answer_breaks_the_reading(result: object) -> None:
    read_account(result)
    try:
        for zone in read_zones(result, "customer.test"):
            assert zone.name == "customer.test"
    except Retryable:
        assert result != []
    try:
        for record in read_records(result, "app.customer.test"):
            to_body(record)
    except Retryable:
        pass


@pytest.mark.parametrize(
    ("status", "code", "kind", "said"),
    [
        (400, 81053, RecordConflict, "record_conflict"),
        (400, 81054, RecordConflict, "record_conflict"),
        (400, 81057, RecordConflict, "record_conflict"),
        (400, 81058, RecordConflict, "record_conflict"),
        (400, 1004, Permanent, "provider_refused"),
        (404, None, Permanent, "provider_refused"),
        (400, 9109, Unauthorized, "provider_unauthorized"),
        (400, 6003, Unauthorized, "provider_unauthorized"),
        (403, 10000, Unauthorized, "provider_unauthorized"),
        (401, None, Unauthorized, "provider_unauthorized"),
        (403, 7, Unauthorized, "provider_unauthorized"),
        (429, 10000, Retryable, "provider_rate_limited"),
        (500, 81053, Retryable, "provider_unavailable"),
    ],
)
def test_each_refusal_has_its_place_in_the_error_tree(
    status: int, code: int | None, kind: type[RemoteError], said: str
) -> None:
    error = refused(status, code)
    assert (type(error), error.code) == (kind, said)


def test_an_answer_that_is_not_cloudflares_is_tried_again() -> None:
    assert isinstance(to_error("GET", "/zones", 200, read_envelope(b"<html>"), 12), Retryable)
    assert to_error("GET", "/zones", 200, CloudflareEnvelope(False, (), None, None), None).code == "provider_refused"


def test_what_cloudflare_says_is_cut_and_printable() -> None:
    message = refused(400, 1004, f"bad\x1b[2J\n<b>{'x' * 900}").message
    assert message.isprintable()
    assert len(message) < 350


def test_names_in_other_letters_are_those_of_their_a_labels() -> None:
    listed = [{"id": ID, "name": "münchen.de", "status": "active"}]
    assert [zone.name for zone in read_zones(listed, "xn--mnchen-3ya.de")] == ["xn--mnchen-3ya.de"]
    name = "_acme-challenge.app.xn--mnchen-3ya.de"
    (record,) = read_records([{**RECORD, "name": "_acme-challenge.App.München.de"}], name)
    assert record.name == name
    with pytest.raises(Retryable, match="another name"):
        read_records([{**RECORD, "name": "App.Munchen.de"}], "app.xn--mnchen-3ya.de")
