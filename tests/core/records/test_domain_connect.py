"""The template, what of it a domain needs, and the query that is signed."""

from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.domains.domain import Record
from dcvd.core.domains.targets import new_target
from dcvd.core.records.domain_connect import (
    append_signature,
    build_template,
    encode_query,
    prepare_application,
    public_key_texts,
    read_outcome,
    return_hosts,
)
from dcvd.errors import Conflict

TOKENED = "{token}.edge.example.net"
SUFFIX = "0123456789abcdef.dcv.cloudflare.com"


def made(target: str = TOKENED, **options: Any) -> dict[str, Any]:
    return build_template(
        "example.net",
        "domain",
        key_domain="example.net",
        target=target,
        provider_name="Acme",
        service_name="Custom domain",
        **options,
    )


def filled(text: str, zone: str, host: str, variables: dict[str, str]) -> str:
    """What a provider makes of a template's text."""
    values = {"domain": zone, "host": host, "fqdn": f"{host}.{zone}", **variables}
    for name, value in values.items():
        text = text.replace(f"%{name}%", value)
    return text


def written(target: str, records: list[Record], zone: str) -> list[Record]:
    """What a provider would create."""
    applied = prepare_application(records, zone=zone, target=target)
    base = f"{applied.host}.{applied.zone}"
    return [
        Record(
            each["type"],
            base if each["host"] == "@" else f"{each['host']}.{base}",
            filled(each["pointsTo"], applied.zone, applied.host, applied.variables),
        )
        for each in made(target)["records"]
        if each["groupId"] in applied.groups
    ]


@pytest.mark.parametrize("target", ["edge.example.net", TOKENED])
@pytest.mark.parametrize("delegated", [False, True])
@pytest.mark.parametrize("zone", ["customer.test", "shop.customer.test"])
def test_a_provider_that_fills_the_template_creates_exactly_what_is_required(
    target: str, delegated: bool, zone: str
) -> None:
    name = "app.shop.customer.test"
    records = [Record("CNAME", name, new_target(target, bytes))]
    if delegated:
        records.append(Record("CNAME", f"_acme-challenge.{name}", f"{name}.{SUFFIX}"))
    assert written(target, records, zone) == records


def test_nothing_but_single_labels_below_names_of_ours_is_variable() -> None:
    assert [each["pointsTo"] for each in made()["records"]] == [
        "%target%.edge.example.net",
        "%fqdn%.%dcv%.dcv.cloudflare.com",
        "%target%.edge.example.net",
    ]
    assert made("edge.example.net")["records"][0]["pointsTo"] == "edge.example.net"
    assert made()["hostRequired"] is True
    assert made()["syncPubKeyDomain"] == "example.net"


def test_the_hosts_to_which_customers_come_back_are_in_the_template() -> None:
    assert "syncRedirectDomain" not in made()
    hosts = return_hosts(["https://app.example.net/a", "https://app.example.net/b", "https://b.example.net:8443/"])
    assert made(redirect_hosts=hosts)["syncRedirectDomain"] == "app.example.net,b.example.net"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("customer.test", "edge.example.net", "cname_at_apex"),
        ("app.elsewhere.test", "edge.example.net", "zone_not_found"),
        ("app.customer.test", "old-edge.example.net", "template_does_not_fit"),
        ("_acme-challenge.app.customer.test", f"other.customer.test.{SUFFIX}", "template_does_not_fit"),
        ("_acme-challenge.app.customer.test", "app.customer.test.a.b.dcv.cloudflare.com", "template_does_not_fit"),
        ("_acme-challenge.app.customer.test", "app.customer.test.dcv.cloudflare.com", "template_does_not_fit"),
        ("_acme-challenge.customer.test", f"customer.test.{SUFFIX}", "cname_at_apex"),
    ],
)
def test_what_the_template_cannot_set_is_said(name: str, value: str, code: str) -> None:
    with pytest.raises(Conflict) as refused:
        prepare_application([Record("CNAME", name, value)], zone="customer.test", target="edge.example.net")
    assert refused.value.code == code


def test_a_target_of_before_the_template_is_not_applied_with_a_wrong_label() -> None:
    for value in ("edge.example.net", "a.b.edge.example.net", ".edge.example.net", "x.edge.example.org"):
        with pytest.raises(Conflict):
            prepare_application([Record("CNAME", "app.customer.test", value)], zone="customer.test", target=TOKENED)


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_a_query_says_what_was_meant_and_is_sorted(parameters: dict[str, str]) -> None:
    made = encode_query({name: value.encode(errors="replace").decode() for name, value in parameters.items()
                  if name.isprintable() and name.isascii()})  # fmt: skip
    pairs = parse_qsl(made, keep_blank_values=True)
    names = [pair.split("=")[0] for pair in made.split("&")] if made else []
    assert names == sorted(names)
    assert [unquote(name) for name in names] == [name for name, _ in pairs]
    assert "+" not in made
    assert " " not in made


def test_a_query_is_encoded_as_rfc_3986_says() -> None:
    unsigned = encode_query({"redirect_uri": "https://a.test/b c?d=e&f", "domain": "x.test", "T~": "a+b/é"})
    assert unsigned == "T~=a%2Bb%2F%C3%A9&domain=x.test&redirect_uri=https%3A%2F%2Fa.test%2Fb%20c%3Fd%3De%26f"
    assert append_signature("a=b", key="_dcpubkeyv1", signature="x+/=") == "a=b&key=_dcpubkeyv1&sig=x%2B%2F%3D"


@given(st.binary(min_size=1, max_size=1000).map(lambda data: data.hex().encode()))
def test_a_published_key_fits_its_records_and_is_whole(key: bytes) -> None:
    records = public_key_texts(key)
    assert all(len(record) <= 255 for record in records)
    fields = [dict(field.split("=", 1) for field in record.split(",")) for record in records]
    assert [field["p"] for field in fields] == [str(number) for number in range(1, len(records) + 1)]
    assert {field["a"] for field in fields} == {"RS256"}
    assert "".join(field["d"] for field in fields).encode() == key


@pytest.mark.parametrize(
    ("error", "description", "meant"),
    [
        (None, None, "applied"),
        ("access_denied", "user_cancel", "cancelled"),
        ("access_denied", "user_cancel: changed his mind", "cancelled"),
        ("access_denied", None, "denied"),
        ("server_error", "user_cancel", "failed"),
        ("<script>", None, "failed"),
    ],
)
def test_the_redirect_back_is_one_of_four_things(error: str | None, description: str | None, meant: str) -> None:
    assert read_outcome(error, description) == meant
