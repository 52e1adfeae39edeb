"""Plans are made of a file and of what there is, and of nothing else."""

from typing import Any

import msgspec
import pytest

from dcvd.cli.declarations.document import BrandingDeclaration, ContactDeclaration, Document, EndpointDeclaration
from dcvd.cli.declarations.observation import ObservedOrganization
from dcvd.cli.declarations.planning import plan
from dcvd.cli.declarations.steps import Plan
from dcvd.errors import DcvdError

URL = "https://hooks.example/a"


def organization(**values: Any) -> ObservedOrganization:
    defaults: dict[str, Any] = {
        "id": "org_1",
        "name": "Acme",
        "quotas": {},
        "branding": BrandingDeclaration(),
        "zone_ids": {},
        "contact_ids": {},
        "contacts": [],
        "endpoints": [],
    }
    return ObservedOrganization(**(defaults | values))


def planned(declared: list[dict[str, Any]], *found: ObservedOrganization, prune: bool = False) -> Plan:
    return plan(msgspec.convert({"organizations": declared}, Document), found, prune=prune)


def lines(made: Plan) -> list[str]:
    return [f"{step.action.value} {step.subject}" for step in made.steps]


def endpoint(**values: Any) -> EndpointDeclaration:
    return EndpointDeclaration(**({"id": "wh_1", "url": URL, "events": ["*"]} | values))


def test_what_was_exported_needs_nothing() -> None:
    found = organization(
        quotas={"domains": 5},
        branding=BrandingDeclaration(name="A", primary_color="#aabbcc"),
        zone_ids={"customer.com": "zone_1"},
        contact_ids={"Ops@a.example": "con_1"},
        contacts=[ContactDeclaration(address="Ops@a.example", kinds=None)],
        endpoints=[endpoint(enabled=False, retry_schedule=["0s", "1m"], match_domains=["*.a.example"])],
    )
    declared = msgspec.to_builtins(found.declare())
    for prune in (True, False):
        assert planned([declared], found, prune=prune).steps == []


def test_what_means_the_same_needs_nothing() -> None:
    found = organization(
        branding=BrandingDeclaration(primary_color="#aabbcc"),
        zone_ids={"xn--mnchen-3ya.example": "zone_1"},
        endpoints=[endpoint(events=["a", "b"], retry_schedule=["1m"], match_domains=["xn--mnchen-3ya.example"])],
    )
    same = {
        "name": "Acme",
        "branding": {"primary_color": "#AABBCC"},
        "zones": ["München.example."],
        "endpoints": [
            {"url": URL, "events": ["b", "a"], "retry_schedule": ["60s"], "match_domains": ["münchen.example"]}
        ],
    }
    assert planned([same], found, prune=True).steps == []


def test_a_new_organization_comes_before_all_that_it_has() -> None:
    made = planned(
        [
            {
                "name": "New",
                "quotas": {"domains": 1},
                "branding": {"name": "N"},
                "zones": ["a.example"],
                "contacts": [{"address": "a@a.example"}],
                "endpoints": [{"url": URL, "events": ["*"], "enabled": False}],
            }
        ]
    )
    assert lines(made) == [
        "create organization New",
        "change quotas of New",
        "change branding of New",
        "create zone a.example of New",
        f"create endpoint {URL} of New",
        "create contact a@a.example of New",
    ]
    assert made.steps[4].follow_up == {"enabled": False}
    assert made.danger is None


def test_what_a_file_does_not_mention_is_left_as_it_is() -> None:
    found = organization(quotas={"domains": 5}, zone_ids={"a.example": "z"}, endpoints=[endpoint()])
    assert planned([{"name": "Acme"}], found, prune=True).steps == []


def test_a_table_that_is_there_is_meant_as_a_whole() -> None:
    found = organization(
        quotas={"domains": 5, "tokens": 3},
        branding=BrandingDeclaration(name="A", language="de"),
        endpoints=[endpoint(max_per_second=3, match_labels={"a": "b"})],
    )
    declared = {
        "name": "Acme",
        "quotas": {"domains": 6},
        "branding": {"name": "A"},
        "endpoints": [{"url": URL, "events": ["*"]}],
    }
    made = planned([declared], found)
    assert [(step.details, step.body) for step in made.steps] == [
        (["domains: 5 → 6", "tokens: 3 → default"], {"quotas": {"domains": 6, "tokens": None}}),
        (["language: de → default"], {"language": None}),
        (
            ["max_per_second: 3 → default", "match: {'labels': {'a': 'b'}, 'domains': []} → default"],
            {"maxPerSecond": None, "match": None},
        ),
    ]


def test_an_organization_is_renamed_by_its_id_and_found_by_its_name_elsewhere() -> None:
    assert lines(planned([{"id": "org_1", "name": "Acme Inc"}], organization())) == ["change organization Acme"]
    assert planned([{"id": "org_of_another_server", "name": "Acme"}], organization()).steps == []


def test_endpoints_are_found_by_id_by_name_and_by_url_each_once() -> None:
    found = organization(
        endpoints=[endpoint(), endpoint(id="wh_2"), endpoint(id="wh_3", name="billing", url="https://old.example/")]
    )
    made = planned(
        [
            {
                "name": "Acme",
                "endpoints": [
                    {"name": "billing", "url": "https://new.example/", "events": ["*"]},
                    {"url": URL, "events": ["domain.active"]},
                    {"id": "wh_1", "url": "https://moved.example/", "events": ["*"]},
                    {"url": URL, "events": ["*"]},
                ],
            }
        ],
        found,
    )
    assert [(step.action.value, step.path, step.body.get("url")) for step in made.steps] == [
        ("change", "/api/webhooks/wh_3", "https://new.example/"),
        ("change", "/api/webhooks/wh_2", None),
        ("change", "/api/webhooks/wh_1", "https://moved.example/"),
        ("create", "/api/webhooks", URL),
    ]


def test_only_prune_removes_and_removals_come_last() -> None:
    found = organization(
        zone_ids={"a.example": "z"},
        contact_ids={"a@a.example": "c"},
        contacts=[ContactDeclaration(address="a@a.example")],
        endpoints=[endpoint()],
    )
    declared = [{"name": "Acme", "zones": ["b.example"], "contacts": [], "endpoints": []}]
    assert lines(planned(declared, found)) == ["create zone b.example of Acme"]
    assert lines(planned(declared, found, prune=True)) == [
        "create zone b.example of Acme",
        f"remove endpoint {URL} of Acme",
        "remove zone a.example of Acme",
        "remove contact a@a.example of Acme",
    ]


def test_a_plan_that_removes_an_organization_or_very_much_is_dangerous() -> None:
    whole = planned([], organization(), prune=True)
    assert lines(whole) == ["remove organization Acme"]
    assert "It removes organization Acme, with everything" in (whole.danger or "")
    zones = {f"{number}.example": f"z{number}" for number in range(20)}
    for kept, is_dangerous in ((20, False), (15, False), (13, True), (5, True)):
        made = planned([{"name": "Acme", "zones": list(zones)[:kept]}], organization(zone_ids=zones), prune=True)
        assert (made.danger is not None) is is_dangerous, kept
        assert len(made.steps) == 20 - kept


def test_a_contact_who_is_told_of_other_things_is_changed() -> None:
    contact = ContactDeclaration(address="a@a.example", kinds=None)
    found = organization(contact_ids={"a@a.example": "c"}, contacts=[contact])
    made = planned([{"name": "Acme", "contacts": [{"address": "A@a.example", "kinds": ["domain_broken"]}]}], found)
    assert [(step.path, step.body) for step in made.steps] == [("/api/alerts/contacts/c", {"kinds": ["domain_broken"]})]


@pytest.mark.parametrize(
    "declared",
    [
        [{"name": "Acme"}, {"name": "Acme"}],
        [{"id": "org_1", "name": "A"}, {"id": "org_1", "name": "B"}],
        [{"name": "A", "endpoints": [{"id": "w", "url": URL, "events": []}, {"id": "w", "url": "x", "events": []}]}],
    ],
)
def test_what_stands_twice_is_refused(declared: list[dict[str, Any]]) -> None:
    with pytest.raises(DcvdError, match="The file has two entries with the"):
        planned(declared, organization())
