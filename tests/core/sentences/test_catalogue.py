"""Every sentence has words in each language, with the same parameters."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dcvd
from dcvd.core.domains.domain import Finding
from dcvd.core.sentences.rendering import CATALOGUE, Language, list_placeholders, render
from dcvd.core.sentences.sentence import Param, Sentence, TypedRecord, quote, say
from dcvd.core.text import make_printable
from tests.core.sentences.words_of_pages import COMPOSED_OF_PAGES, SAME_WORDS

ENGLISH = CATALOGUE["en"]
OTHERS = [language for language in CATALOGUE if language != "en"]
PARTS = {"and", "more", "record", "record_in_words", "recorded"}
"""What the rendering itself asks for."""
COMPOSED = re.compile(
    r"(stray_(ipv6|address)|servers_(lame|own_dead))_(one|many)|stage_[a-z]+|connect_(step|state)_[a-z]+"
    r"|connect_plan_(add|remove|done)|dashboard_role_[a-z]+|attempt_f(ailed|ix|ix_late)_[a-z_]+"
    r"|conformance_(expected|kind|fault|forgery|replay)_[a-z_]+"
)
"""Ids that templates and code put together, outside the dashboard's subjects."""


def is_composed(key: str) -> bool:
    return any(re.fullmatch(pattern, key) for pattern in (COMPOSED.pattern, *COMPOSED_OF_PAGES.values()))


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


@pytest.mark.parametrize("language", OTHERS)
def test_each_language_has_every_sentence_with_the_same_parameters(language: Language) -> None:
    assert {key: placeholders(text) for key, text in CATALOGUE[language].items()} == {
        key: placeholders(text) for key, text in ENGLISH.items()
    }


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_left_in_english(language: Language) -> None:
    same = {key for key, text in CATALOGUE[language].items() if text == ENGLISH[key]}
    assert same == {"verbatim", *(word for words in SAME_WORDS.values() for word in words)}


@pytest.mark.parametrize("language", CATALOGUE)
def test_a_sentence_reads_as_one(language: Language) -> None:
    for key, text in CATALOGUE[language].items():
        assert text == " ".join(text.split()), key
        assert not re.search(r"\.\.|,,|\s[.,;:]", re.sub(r" \.(?=\{|NET)", "", text)), key


def test_every_id_in_the_code_is_in_the_catalogue_and_every_one_of_the_catalogue_is_in_the_code() -> None:
    named = set()
    folder = Path(dcvd.__file__).parent
    for path in folder.rglob("*.py"):
        if folder / "core" / "sentences" not in path.parents:
            named |= {
                node.value
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            }
    for template in (folder / "web" / "templates").rglob("*.html"):
        named |= set(re.findall(r"'([a-z_]+)'", template.read_text()))
    unused = {key for key in ENGLISH if key not in named and not is_composed(key)} - PARTS - {"verbatim"}
    assert unused == set()


def test_an_enumeration_and_a_record_are_put_into_the_words_of_the_language() -> None:
    names = ("ns1.a.net", "ns2.a.net", "ns3.a.net", "ns4.a.net", "ns5.a.net")
    sentence = say("zone_run_by_servers", zone="customer.com", servers=names)
    assert render((sentence,)) == (
        "The zone customer.com is run by ns1.a.net, ns2.a.net, ns3.a.net, ns4.a.net and 1 more: the record has to be "
        "created there."
    )
    assert "ns4.a.net und 1 mehr" in render((sentence,), "de")
    record = TypedRecord("CNAME", "app", "edge.example.net")
    missing = say("cname_missing", hostname="app.customer.com", record=record)
    assert render((missing, sentence), "de").startswith(
        "Für app.customer.com gibt es keinen CNAME. Legen Sie diesen Eintrag an: Typ CNAME, Name `app`, Wert "
        "`edge.example.net`. Die Zone"
    )


def test_words_may_stand_for_a_value_that_is_not_known() -> None:
    record = TypedRecord("CNAME", "app", say("target_when_added"))
    sentence = say("cname_missing", hostname="app.customer.com", record=record)
    assert render((sentence,)).endswith("name `app`, value the target that it is given when it is added.")


@given(st.text(max_size=30))
def test_what_strangers_write_is_never_taken_for_a_template(text: str) -> None:
    given_text = f"{{text}}{text}{{0}}"
    assert render((quote(given_text),)) == make_printable(given_text)


def test_what_strangers_write_is_printable_and_bounded() -> None:
    sentence = say("zone_run_by_servers", zone="\x1b]0;x" + "y" * 500, servers=("\x07a" * 300,) * 50)
    assert sentence.params["zone"] == "]0;x" + "y" * 250 + "…"
    servers = sentence.params["servers"]
    assert isinstance(servers, tuple)
    assert len(servers) == 20
    assert all(name.isprintable() and len(name) <= 255 for name in servers)


def test_a_finding_of_a_version_that_knows_other_sentences_is_told_by_its_message() -> None:
    known = say("slip", typed="a", meant="b")
    for sentences in (
        (),
        (known, Sentence("from_the_future")),
        (say("slip", typed="a"),),
        (say("challenge_odd", what=Sentence("gone"), hostname="a"),),
    ):
        finding = Finding(code="x", severity="info", actor="nobody", message="It is so.", sentences=sentences)
        assert finding.say("de") == "It is so."
    finding = Finding(code="x", severity="info", actor="nobody", message="It is so.", sentences=(known,))
    assert finding.say("de") == "Sie haben a eingegeben; es muss b heißen."


@pytest.mark.parametrize("language", CATALOGUE)
def test_each_sentence_can_be_rendered(language: Language) -> None:
    for key in ENGLISH:
        params: dict[str, Param] = dict.fromkeys(list_placeholders(key), "x")
        assert render((Sentence(key, params),), language)


def test_a_sentence_without_its_parameters_is_a_fault_of_ours() -> None:
    with pytest.raises(KeyError):
        render((say("cname_missing", hostname="app.customer.com"),))
