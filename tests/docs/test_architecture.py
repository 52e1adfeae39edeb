"""docs/architecture.md and docs/glossary.md say what the code says."""

import ast
import re
import tomllib
from typing import Any

import pytest

from dcvd.core.ids import IdPrefix
from tests.docs.markdown import ROOT, read_page

ARCHITECTURE = read_page(ROOT / "docs" / "architecture.md")
GLOSSARY = read_page(ROOT / "docs" / "glossary.md")
CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]


def rows(section: str) -> list[list[str]]:
    """The rows of the table below a heading of the architecture, without its head."""
    lines = [line for line in ARCHITECTURE.section(section).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def code_words(cell: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def test_the_table_of_layers_is_the_contract_of_the_linter() -> None:
    (contract,) = [each for each in CONTRACTS if each.get("containers") == ["dcvd"]]
    contracted = [
        sorted(name for name in re.split(r"[|\s:]+", layer) if name and not name.startswith("("))
        for layer in contract["layers"]
    ]
    assert [sorted(code_words(row[0])) for row in rows("Layers")] == contracted


def test_every_folder_of_the_package_is_a_layer_or_the_sandbox() -> None:
    described = {name for row in rows("Layers") for name in code_words(row[0])}
    folders = {path.parent.name for path in (ROOT / "dcvd").glob("*/__init__.py")}
    assert folders - {"sandbox"} == described - {"__main__", "errors"}


def test_every_subject_is_a_name_in_at_least_one_contract() -> None:
    contracted = {
        name for each in CONTRACTS for layer in each.get("layers", []) for name in re.split(r"[|\s]+", layer) if name
    }
    described = {name for row in rows("Subjects") for name in code_words(row[0])}
    assert described - contracted == set()


def test_the_tasks_are_those_that_the_daemon_supervises() -> None:
    source = ast.parse((ROOT / "dcvd" / "daemon" / "daemon.py").read_text())
    spawned = {
        pair.elts[0].value
        for loop in ast.walk(source)
        if isinstance(loop, ast.For) and isinstance(loop.iter, ast.Tuple)
        for pair in loop.iter.elts
        if isinstance(pair, ast.Tuple) and isinstance(pair.elts[0], ast.Constant)
    }
    assert {name for row in rows("The parts that run") for name in code_words(row[0])} == spawned


def test_the_picture_is_a_flowchart_whose_nodes_are_all_named() -> None:
    (picture,) = [block for block in ARCHITECTURE.blocks if block.language == "mermaid"]
    first, *arrows = picture.text.splitlines()
    assert first == "flowchart TD"
    named: set[str] = set()
    used: set[str] = set()
    for arrow in arrows:
        ends = re.fullmatch(r"    (\w+)(\[.+?\])? -->(?:\|[^|]+\|)? (\w+)(\[.+?\])?", arrow)
        if ends is None:
            pytest.fail(f"{arrow!r} is no arrow")
        used |= {ends[1], ends[3]}
        named |= {name for name, label in ((ends[1], ends[2]), (ends[3], ends[4])) if label}
    assert used == named


@pytest.mark.parametrize("word", ["organization", "token", "domain", "event", "job", "connection"])
def test_what_has_an_id_is_a_word_of_the_glossary(word: str) -> None:
    assert word.upper() in IdPrefix.__members__
    assert word in {cell for _, cell in GLOSSARY.cells}


def test_a_word_is_explained_once() -> None:
    words = [line.split("|")[1].strip() for line in GLOSSARY.lines.values() if line.startswith("| ")]
    explained = [word for word in words if word != "word"]
    assert len(explained) == len(set(explained)) > 40
