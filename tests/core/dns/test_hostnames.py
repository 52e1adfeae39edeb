"""Hostnames: one normal form, or a refusal whose sentence names what is wrong."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dcvd.core.dns.hostnames import (
    is_shared_suffix,
    is_within,
    list_unusual_labels,
    normalise,
    normalise_search,
    registrable_domain,
    to_a_labels,
)
from dcvd.core.dns.refused_names import RefusedName
from dcvd.core.dns.top_level_domains import RESERVED_TLDS, find_likely, is_delegated
from dcvd.core.sentences.rendering import render
from dcvd.errors import InvalidInput
from tests.examples import examples

ANY_CHARACTER = st.characters(exclude_categories=())
"""Every code point, lone surrogates included, as a hostile JSON string can carry them."""
HOSTLIKE = st.text(
    st.one_of(st.sampled_from("abcXYZ019-._*:/@[]%。．｡ßςΣİKüא\u200d\u00ad\ud800 \n"), ANY_CHARACTER), max_size=80
)
LETTERLIKE = st.one_of(st.sampled_from("abcXYZ019-ßςΣİKüאק例"), st.characters(categories=["L", "M", "N"]))


def refusal(text: str, **options: object) -> RefusedName:
    with pytest.raises(RefusedName) as caught:
        normalise(text, **options)  # type: ignore[arg-type]  # tests pass real options
    return caught.value


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("app.customer.com", "app.customer.com"),
        ("  App.Customer.COM.\n", "app.customer.com"),
        ("customer.com", "customer.com"),
        ("a-b.c--d.customer.co.uk", "a-b.c--d.customer.co.uk"),
        ("163.com", "163.com"),
        ("1.2.3.4.customer.com", "1.2.3.4.customer.com"),
        ("shop.customer.github.io", "shop.customer.github.io"),
        ("xn--bcher-kva.de", "xn--bcher-kva.de"),
        ("XN--BCHER-KVA.de", "xn--bcher-kva.de"),
        ("github.io", "github.io"),
        ("customer.blogspot.com", "customer.blogspot.com"),
        ("app.customer.nosuchtld", "app.customer.nosuchtld"),
        ("app.customer.co", "app.customer.co"),
        ("app.customer.cm", "app.customer.cm"),
    ],
)
def test_a_hostname_is_stored_in_lower_case_without_its_trailing_dot(text: str, name: str) -> None:
    assert normalise(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Bücher.de", "xn--bcher-kva.de"),
        ("bücher.de.", "xn--bcher-kva.de"),
        ("faß.de", "xn--fa-hia.de"),  # IDNA 2008 keeps ß, where IDNA 2003 wrote ss
        ("δοκιμή.gr", "xn--jxalpdlp.gr"),
        ("ΟΔΟΣ-1.gr", "xn---1-k9b7bby.gr"),  # UTS 46 maps every capital sigma to σ, at a word's end too
        ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
        ("例え。jp", "xn--r8jz45g.jp"),
        ("ＡＰＰ．customer．com", "app.customer.com"),
        ("bu\u0308cher.de", "xn--bcher-kva.de"),
    ],
)
def test_a_unicode_name_becomes_its_a_labels(text: str, name: str) -> None:
    assert normalise(text) == name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("https://", "has no hostname"),
        ("/path", "has no hostname"),
        ("ftp://app.customer.com/x", "is no address of a web page. Enter only the name: app.customer.com."),
        ("mailto://me@[", "Enter only the name: app.customer.com."),
        ("me@customer.com", "'me@customer.com' is an e-mail address. Enter only the name: customer.com."),
        ("https://me:x@app.customer.com/", "an address with a user's name. Enter only the name: app.customer.com."),
        ("https://192.0.2.1/x", "'192.0.2.1' is an IP address"),
        ("192.0.2.1", "'192.0.2.1' is an IP address"),
        ("2001:db8::1", "'2001:db8::1' is an IP address"),
        ("[2001:db8::1]", "is an IP address"),
        ("192.0.2.1.", "is read as an IP address"),
        ("1.2.3", "'1.2.3' ends in a number"),
        ("app.customer.7", "'app.customer.7' ends in a number"),
        ("１９２.0.2.1", "is read as an IP address"),
        ("_dmarc.customer.com", "'_dmarc.customer.com' has an underscore"),
        ("*.customer.com", "'*.customer.com' is a wildcard"),
        ("app..customer.com", "'app..customer.com' has an empty label"),
        (".customer.com", "has an empty label"),
        ("app.customer.com..", "has an empty label"),
        ("bücher.de..", "'bücher.de..' is not a hostname"),
        (".", "'.' has an empty label"),
        (f"{'a' * 64}.com", f"The label '{'a' * 64}' is 64 characters long"),
        (f"{'ü' * 60}.de", "is not a hostname"),
        (".".join(["a" * 60] * 5), "is 304 characters long; DNS carries at most 253"),
        ("a" * 5000, "longer than 253 characters"),
        ("-app.customer.com", "The label '-app'"),
        ("app-.customer.com", "The label 'app-'"),
        ("a b.customer.com", "The label 'a b'"),
        ("app.customer.com:8443", "has a port, of which DNS knows nothing. Enter only the name: app.customer.com."),
        ("https://app.customer.com:8443/x", "has a port, of which DNS knows nothing. Enter only the name: app"),
        ("app.customer.con", "There is no top-level domain .con: did you mean .com? Then enter app.customer.com."),
        ("app.customer.cmo", "did you mean .com?"),
        ("app.customer.comm", "did you mean .com?"),
        ("app.customer.ogr", "did you mean .org?"),
        ("app.customer.nte", "did you mean .net?"),
        ("app.customer.shpo", "did you mean .shop?"),
        ("app.customer.euu", "did you mean .eu?"),
        ("app.customer.dee", "did you mean .de?"),
        ("app.customer.com→", "is not a hostname"),
        ("→app.customer.com", "is not a hostname"),
        ("app.customer.com∕path", "is not a hostname"),
        ("app.customer.😀", "there is no top-level domain .xn--e28h"),
        ("www.https//app.customer.com", "there is no top-level domain .https"),
        ("1.2.3.0x4", "is read as an IP address"),
        ("192.0.2.1:8080", "is an IP address"),
        ("[2001:db8::1]:443", "is an IP address"),
        ("customer@com", "Enter only the name: app.customer.com."),
        ("https://user@app.customer.com:8443/", "Enter only the name: app.customer.com."),
        ("tel:123", "Enter only the name: app.customer.com."),
        ("app\x00.customer.com", "letters, digits and inner hyphens"),
        ("localhost", "'localhost' is not complete"),
        ("com", "'com' is not complete"),
        ("app.test", "The top-level domain .test is reserved"),
        ("printer.local", "The top-level domain .local is reserved"),
        ("co.uk", "'co.uk' is a public suffix"),
        ("foo.ck", "'foo.ck' is a public suffix"),
        ("xn--a.com", "'xn--a.com' is not a hostname"),
        ("xn--0.com", "'xn--0.com' is not a hostname"),
        ("a😀\u0000.com", "is not a hostname"),
        ("\u00ad.com", "is not a hostname"),
        ("a\ud800.customer.com", "is not a hostname"),
    ],
)
def test_each_refusal_is_a_sentence_that_names_the_thing(text: str, said: str) -> None:
    error = refusal(text)
    assert said in error.message
    assert error.message.endswith(".")
    assert (error.field, error.code) == ("domainName", "hostname_invalid")


@pytest.mark.parametrize(
    "text",
    [
        "https://app.customer.com", "http://app.customer.com/", "HTTPS://App.Customer.com/a/b?c=d#e",
        "https://app.customer.com:443/x", "http://app.customer.com:80", "//app.customer.com/x", "app.customer.com/path",
        "app.customer.com/", "app.customer.com:443", "app.customer.com.:443", "app.customer.com?x=1",
        "http//app.customer.com", "http:/app.customer.com", "https://https://app.customer.com",
        "HTTPS:\\\\app.customer.com",
        "app.customer.com#top", " https://app.customer.com/ ", "https://app.customer.com\\x",
    ],
)  # fmt: skip
def test_of_a_pasted_address_the_hostname_is_taken(text: str) -> None:
    assert normalise(text) == "app.customer.com"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("app.xn--zn8h.to", "app.xn--zn8h.to"),
        ("APP.XN--ZN8H.to.", "app.xn--zn8h.to"),
        ("😀.com", "xn--e28h.com"),
        ("i❤.ws", "xn--i-7iq.ws"),
        ("shop.👨\u200d👩.com", "shop.xn--1ugz855pea.com"),
    ],
)
def test_a_label_that_dns_serves_and_idna_does_not_allow_is_taken_and_told(text: str, name: str) -> None:
    assert normalise(text) == name
    assert normalise(name) == name
    assert len(list_unusual_labels(name)) == 1
    assert list_unusual_labels("app.xn--bcher-kva.de") == ()


def test_names_below_a_shared_suffix_belong_to_others_than_its_owner() -> None:
    assert [is_shared_suffix(name) for name in ("co.uk", "github.io", "customer.com", "x.github.io")] == [
        True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize("tld", ["com", "uk", "shop", "xn--p1ai", "zip"])
def test_a_top_level_domain_that_exists_is_no_slip_for_another(tld: str) -> None:
    assert is_delegated(tld)
    assert normalise(f"app.customer.{tld}") == f"app.customer.{tld}"


def test_what_is_near_no_top_level_domain_that_is_often_meant_has_no_likely_one() -> None:
    assert [find_likely(tld) for tld in ("nosuchtld", "c", "cccom", "moc", "com", "xyzzz", "")] == [None] * 7
    assert find_likely("con") == "com"


def test_the_field_is_named_as_the_caller_wrote_it() -> None:
    assert refusal("localhost", field="domains[3]").field == "domains[3]"


def test_the_longest_name_and_the_longest_label_are_still_taken() -> None:
    label = "a" * 63
    longest = f"{label}.{label}.{label}.{'a' * 57}.com"
    assert len(longest) == 253
    assert normalise(longest + ".") == longest
    assert refusal("a" + longest).message.startswith("The hostname is 254 characters long")


@pytest.mark.parametrize("tld", sorted(RESERVED_TLDS))
def test_a_reserved_top_level_name_is_taken_only_where_the_operator_allows_it(tld: str) -> None:
    assert f".{tld} is reserved" in refusal(f"app.customer.{tld}").message
    assert normalise(f"app.customer.{tld}", allowed_tlds=[tld]) == f"app.customer.{tld}"
    assert "is not complete" in refusal(tld, allowed_tlds=[tld]).message


def test_allowing_one_reserved_name_allows_no_other() -> None:
    assert normalise("customer.test", allowed_tlds=["test"]) == "customer.test"
    assert ".example is reserved" in refusal("app.example", allowed_tlds=["test"]).message
    assert "public suffix" in refusal("co.uk", allowed_tlds=["test"]).message


@examples(5)
@given(st.lists(st.text("ax0z-", max_size=4), min_size=1, max_size=4).map(".".join))
@example("1.2.3.4")
@example("a.0x7f")
@example("a.x" + "y" * 63)
@example("a." * 126 + "de")
@example("a." * 125 + "de")
@example("co.uk")
@example("app.xn--0")
def test_a_name_that_is_as_it_is_stored_is_judged_as_one_with_spaces_around_it(name: str) -> None:
    assert judge(name) == judge(f" {name} ")


def judge(text: str) -> str:
    try:
        return normalise(text)
    except RefusedName as error:
        return error.message


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("app.customer.com", "customer.com"),
        ("a.b.customer.co.uk", "customer.co.uk"),
        ("customer.com", "customer.com"),
        ("x.customer.github.io", "customer.github.io"),
        ("app.customer.test", "customer.test"),
        ("co.uk", "co.uk"),
    ],
)
def test_the_registrable_part_is_the_public_suffix_and_one_label(name: str, part: str) -> None:
    assert registrable_domain(name) == part


@examples(5)
@given(HOSTLIKE)
@example("a\ud800.com")
@example("xn--\ud800.com")
@example("xn--" + "9" * 60 + ".com")
@example("ü" * 999)
@example("." * 999)
@example("\ud800" * 100_000)
def test_no_text_raises_anything_but_a_refusal_that_can_be_sent(text: str) -> None:
    try:
        name = normalise(text)
    except InvalidInput as error:
        error.message.encode()
    else:
        assert name.isascii()
        assert name == name.lower()
        assert len(name) <= 253
        assert "." in name.strip(".")


@examples(3)
@given(st.lists(st.text(LETTERLIKE, min_size=1, max_size=10), min_size=1, max_size=4))
@example(["İ"])
@example(["ΟΔΟΣ", "ß"])
def test_a_normal_form_is_its_own_normal_form(labels: list[str]) -> None:
    try:
        name = normalise(".".join([*labels, "customer", "de"]))
    except InvalidInput:
        return
    assert normalise(name) == name
    assert normalise(name.upper() + ".") == name
    assert registrable_domain(name) == "customer.de"


@pytest.mark.parametrize(
    ("typed", "prefix"),
    [
        ("App.", "app"),
        (" customer ", "customer"),
        ("bücher.de", "xn--bcher-kva.de"),
        ("%_*", "%_*"),
        ("\ud800", "\ud800"),
    ],
)
def test_what_is_searched_for_is_brought_to_the_stored_form(typed: str, prefix: str) -> None:
    assert normalise_search(typed) == prefix


@pytest.mark.parametrize(
    ("name", "zone", "inside"),
    [
        ("customer.test", "customer.test", True),
        ("app.customer.test", "customer.test", True),
        ("a.b.customer.test", "customer.test", True),
        ("test", "customer.test", False),
        ("notcustomer.test", "customer.test", False),
        ("customer.test.example", "customer.test", False),
    ],
)
def test_a_zone_holds_its_own_name_and_what_is_below_it(name: str, zone: str, inside: bool) -> None:
    assert is_within(name, zone) is inside


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("München.DE.", "xn--mnchen-3ya.de"),
        ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
        ("_acme-challenge.app.münchen.de", "_acme-challenge.app.xn--mnchen-3ya.de"),
        ("*.münchen.de", "*.xn--mnchen-3ya.de"),
        ("app.😀.to", "app.xn--e28h.to"),
        ("", ""),
        ("@", "@"),
        ("a\ud800.de", "a\ud800.de"),
    ],
)
def test_names_of_providers_are_compared_in_a_labels(text: str, name: str) -> None:
    assert to_a_labels(text) == name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a_b.customer.com", "'a_b.customer.com' hat einen Unterstrich;"),
        ("ftp://app.customer.com/x", "Webseite. Geben Sie nur den Namen ein: app.customer.com."),
        ("app.customer.com:8443", "hat einen Port, von dem DNS nichts weiß. Geben Sie nur den Namen ein: app"),
        ("printer.local", "Die Top-Level-Domain .local ist reserviert;"),
        (f"{'a' * 64}.com", "ist 64 Zeichen lang; DNS erlaubt höchstens 63."),
    ],
)
def test_a_refusal_can_be_said_in_another_language(text: str, said: str) -> None:
    error = refusal(text)
    assert said in render(error.sentences, "de")
    assert render(error.sentences) == error.message


def test_a_refusal_has_no_character_that_cannot_be_printed() -> None:
    assert refusal("@.\x1b[31m").message.isprintable()
