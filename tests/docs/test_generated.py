"""The pages that are made of the source are as the source is."""

from pathlib import Path
from types import ModuleType

import pytest

from dcvd.config import Config
from dcvd.config.key_annotations import keys, sections
from dcvd.config.validators import boolean, integer, list_of, one_of
from tests.docs import codes_module, command_index, configuration_page, errors_page, events_page, metrics_page
from tests.docs.configuration_page import valid_values
from tests.docs.error_codes import CodeUse, collect
from tests.docs.markdown import read_page

WRITE_THEM = "run `python -m tests.docs`, which writes the pages anew"


@pytest.mark.parametrize(
    "page",
    [configuration_page, errors_page, events_page, metrics_page, codes_module, command_index],
    ids=["configuration", "errors", "events", "metrics", "codes", "commands"],
)
def test_a_generated_page_is_what_the_source_says(page: ModuleType) -> None:
    assert page.PATH.read_text() == page.render(), WRITE_THEM


def test_every_key_has_a_place_of_its_own() -> None:
    anchors = read_page(configuration_page.PATH).anchors
    declared = {f"{name}.{key}" for name, section in sections(Config).items() for key in keys(section)}
    assert declared <= anchors


def test_every_code_is_explained_and_no_explanation_is_left_over() -> None:
    assert {use.code for use in collect()} == set(errors_page.texts())


def test_the_code_of_each_request_has_its_status() -> None:
    requests = [use for use in collect() if use.kind == "request"]
    assert {use.code for use in requests} == {use.code for use in requests if use.status is not None}


def test_every_code_says_in_two_short_sentences_what_it_means_and_what_to_do() -> None:
    for code, texts in errors_page.texts().items():
        assert len(texts) == 2, code
        assert all(text.endswith(".") and len(text) <= 120 for text in texts), code


def test_codes_are_found_wherever_they_are_written(tmp_path: Path) -> None:
    package = tmp_path / "dcvd"
    package.mkdir()
    (package / "numbers.py").write_text('LIMIT: Final = "from_elsewhere"\n')
    (package / "raising.py").write_text(
        "from dcvd.numbers import LIMIT\n"
        "class Slow(Retryable):\n    code = 'of_a_class'\n"
        "def refuse(ready):\n"
        "    code, text = ('first', 'One.') if ready else ('second', 'Two.')\n"
        "    raise Conflict(text, code=code)\n"
        "def choose(status):\n    return 'returned' if status else None\n"
        "def fail():\n"
        "    raise Permanent('No.', code=LIMIT)\n"
        "    raise Permanent('No.', code=choose(1) or 'otherwise')\n"
        "    raise HttpRefusal(HTTPStatus.GONE, 'by_position', 'No.')\n"
        "    return DomainError('of_a_domain', 'No.')\n"
        "    log.info('nothing', code='no_error')\n"
        "    return Obstacle(FindingCode.OF_A_SET, 'No.')\n"
        "ANSWERS = {408: ('in_a_table', 'Too late.')}\n"
        "class FindingCode(StrEnum):\n    OF_A_SET = 'of_a_set'\n"
        "class Obstacle(Struct):\n    code: str\n    message: str\n"
        "class DomainError(Struct):\n    code: str\n    message: str\n"
        "def find(code) -> Finding:\n    return new_finding(code, 'No.')\n"
        "find('by_a_helper')\n"
        "class HttpRefusal(DcvdError):\n    def __init__(self, status, code, message): ...\n"
    )
    assert collect(package) == {
        CodeUse("of_a_class", "remote", 503),
        CodeUse("first", "request", 409),
        CodeUse("second", "request", 409),
        CodeUse("from_elsewhere", "remote", 502),
        CodeUse("returned", "remote", 502),
        CodeUse("otherwise", "remote", 502),
        CodeUse("by_position", "request", 410),
        CodeUse("in_a_table", "request", 408),
        CodeUse("of_a_domain", "domain", None),
        CodeUse("by_a_helper", "finding", None),
        CodeUse("of_a_set", "finding", None),
        CodeUse("of_a_set", "plan", None),
    }


def test_the_valid_values_are_those_that_the_validator_expects() -> None:
    assert valid_values(boolean) == "true or false"
    assert valid_values(list_of(one_of("a", "b"))) == 'a list; each entry is one of "a", "b"'
    assert valid_values(list_of(integer(at_least=1, at_most=2), at_least=1)).endswith("is an integer from 1 to 2")
