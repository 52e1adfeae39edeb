"""Record sets as XML, and back."""

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.records.zones import ZoneRecord
from dcvd.providers.route53.names import read_name, read_value
from dcvd.providers.route53.rrsets import (
    NAMESPACE,
    RrSet,
    build_change_batch,
    read_rrset,
    to_records,
    to_rrsets,
    to_whole_rrsets,
)
from dcvd.providers.route53.xml import parse_xml
from tests.examples import examples

TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co")), min_size=1, max_size=20)
LABEL = st.text("abcxyz019-_", min_size=1, max_size=10)
SETS = st.builds(
    lambda name, kind, values, settings: RrSet(settings={"Name": name, "Type": kind, **settings}, values=tuple(values)),
    st.lists(LABEL, min_size=1, max_size=4).map(lambda labels: f"{'.'.join(labels)}."),
    st.sampled_from(["A", "TXT", "CNAME", "MX", "SRV", "CAA"]),
    st.lists(TEXT, unique_by=lambda value: read_value("MX", value), max_size=5),
    st.fixed_dictionaries(
        {},
        optional={
            "SetIdentifier": TEXT,
            "Weight": st.integers(0, 255).map(str),
            "GeoLocation": st.fixed_dictionaries({"CountryCode": TEXT}),
            "TTL": st.integers(0, 2**31 - 1).map(str),
            "AliasTarget": st.fixed_dictionaries({"HostedZoneId": TEXT, "DNSName": TEXT}),
        },
    ),
)


@examples(0.7)
@given(SETS)
def test_a_set_comes_back_from_xml_as_it_was_whatever_it_holds(rrset: RrSet) -> None:
    body = build_change_batch([("CREATE", rrset)], "a <comment>")
    (element,) = parse_xml(body).find_all("ChangeBatch", "Changes", "Change", "ResourceRecordSet")
    assert read_rrset(element) == rrset
    # Another parser reads the same.
    found = ElementTree.fromstring(body).findall(f".//{{{NAMESPACE}}}Value")
    assert tuple(value.text for value in found) == rrset.values


@examples(0.7)
@given(SETS)
def test_the_records_of_a_set_make_it_up_again(rrset: RrSet) -> None:
    records = to_records(rrset)
    assert to_whole_rrsets(records) == [rrset]
    assert [len(found.values) for found in to_rrsets(records)] == [len(rrset.values)]
    assert {record.name for record in records} == {rrset.name}


@examples(0.7)
@given(SETS, st.data())
def test_some_records_of_a_set_are_that_part_of_it(rrset: RrSet, data: st.DataObject) -> None:
    records = to_records(rrset)
    chosen: list[ZoneRecord] = data.draw(st.lists(st.sampled_from(records), min_size=1, unique=True))
    (part,) = to_rrsets(chosen)
    assert part.settings == rrset.settings
    assert set(part.values) <= set(rrset.values)
    if rrset.values:
        assert len(part.values) == len(chosen)


@examples(0.7)
@given(st.text(st.characters(codec="ascii"), max_size=30))
def test_a_name_of_whatever_escapes_is_read_and_read_again_the_same(text: str) -> None:
    once = read_name(text)
    assert once == once.lower()
    assert "\\052" not in once
    assert "." not in read_name("a\\056b")
