"""Files of domains, of every kind."""

import pytest

from dcvd.cli.domains.file import ImportDefaults, ImportEntry, read_entries
from dcvd.core.domains.additions import DomainRequest
from dcvd.errors import InvalidInput

PLAIN = ImportDefaults()


def _wish(name: str, **options: object) -> DomainRequest:
    return DomainRequest(domain_name=name, **options)  # type: ignore[arg-type]


def test_one_name_to_a_line_with_comments_and_blank_lines_left_out() -> None:
    content = b"\xef\xbb\xbf# ours\n\na.customer.com\r\n  b.customer.com  # the shop\n#c.customer.com\nd.customer.com"
    assert read_entries(content, PLAIN) == [
        ImportEntry(3, _wish("a.customer.com")),
        ImportEntry(4, _wish("b.customer.com")),
        ImportEntry(6, _wish("d.customer.com")),
    ]


def test_what_the_command_line_says_holds_for_lines_that_say_nothing() -> None:
    defaults = ImportDefaults(validation="delegated", wildcard=True)
    assert read_entries(b"a.customer.com\n", defaults) == [
        ImportEntry(1, _wish("a.customer.com", validation="delegated", wildcard=True))
    ]
    content = b'{"domainName":"a.customer.com","wildcard":false,"validation":"http"}\n{"domainName":"b.customer.com"}\n'
    assert [entry.request_or_fault for entry in read_entries(content, defaults)] == [
        _wish("a.customer.com", validation="http"),
        _wish("b.customer.com", validation="delegated", wildcard=True),
    ]


def test_one_json_object_to_a_line() -> None:
    good = b'\n# ours\n{"domainName":"a.customer.com"}\n'
    content = good + b'{"domainName":7}\n{"name":"x"}\n{\n{"domainName":"b.customer.com"}\n'
    found = read_entries(content, PLAIN)
    assert [entry.line for entry in found] == [3, 4, 5, 6, 7]
    assert [isinstance(entry.request_or_fault, DomainRequest) for entry in found] == [True, False, False, False, True]
    assert "Expected `str`, got `int`" in str(found[1].request_or_fault)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_with_a_header(delimiter: str) -> None:
    rows = [
        ["id", "domainName", "wildcard", "note", "validation"],
        ["1", "a.customer.com", "true", '"x\ny"', ""],
        ["2", "b.customer.com", "", "", "http"],
        [],
        ["#3", "c.customer.com"],
        ["4", "d.customer.com", "maybe"],
        ["5", "e.customer.com"],
        ["6", "", "false"],
    ]
    content = "\n".join(delimiter.join(row) for row in rows).encode()
    found = read_entries(content, PLAIN)
    assert [entry.line for entry in found] == [2, 4, 7, 8, 9]
    assert found[0].request_or_fault == _wish("a.customer.com", wildcard=True)
    assert found[1].request_or_fault == _wish("b.customer.com", validation="http")
    assert "wildcard" in str(found[2].request_or_fault)
    assert found[3].request_or_fault == _wish("e.customer.com")
    assert "domainName" in str(found[4].request_or_fault)


def test_a_file_that_is_no_text_is_refused_with_the_line() -> None:
    with pytest.raises(InvalidInput, match="see line 2"):
        read_entries(b"a.customer.com\n\xff\xfe", PLAIN)


def test_an_empty_file_has_nothing_in_it() -> None:
    assert read_entries(b"", PLAIN) == read_entries(b"\n# nothing\n", PLAIN) == []


def test_columns_without_names_are_told_once_and_a_wrong_cell_in_plain_words() -> None:
    with pytest.raises(InvalidInput, match="2 columns, and none is domainName"):
        read_entries(b"a.customer.com,pro\nb.customer.com,basic\n", PLAIN)
    content = b"domainName,validation,wildcard\na.customer.com,maybe,\nb.customer.com,,perhaps\n,http,\n"
    assert [entry.request_or_fault for entry in read_entries(content, PLAIN)] == [
        "validation is 'maybe'; give http or delegated.",
        "wildcard is 'perhaps'; give true or false.",
        "The line has no domainName.",
    ]


def test_csv_and_json_carry_an_own_id_and_labels_and_the_command_line_gives_the_rest() -> None:
    defaults = ImportDefaults(external_id="c0", labels={"tier": "iron", "eu": ""})
    csv_lines = b'domainName,externalId,labels\na.customer.com,\'=c1,"{""tier"":""gold""}"\nb.customer.com,,\n'
    assert [entry.request_or_fault for entry in read_entries(csv_lines, defaults)] == [
        _wish("a.customer.com", external_id="=c1", labels={"tier": "gold", "eu": ""}),
        _wish("b.customer.com", external_id="c0", labels={"tier": "iron", "eu": ""}),
    ]
    json_lines = b'{"domainName":"a.customer.com","externalId":"c1","labels":{"tier":"gold"}}\n'
    assert [entry.request_or_fault for entry in read_entries(json_lines, PLAIN)] == [
        _wish("a.customer.com", external_id="c1", labels={"tier": "gold"})
    ]


@pytest.mark.parametrize("cell", ["tier=gold", '"{""tier"":7}"', '"[""tier""]"'])
def test_labels_in_a_cell_that_are_no_json_object_of_texts_are_told(cell: str) -> None:
    (entry,) = read_entries(f"domainName,labels\na.customer.com,{cell}\n".encode(), PLAIN)
    assert isinstance(entry.request_or_fault, str)
    assert "give a JSON object" in entry.request_or_fault
