"""Every page: its links lead somewhere, its tables can be read, and what it calls paths are paths."""

import re
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, Page, pages, read_page, slug

PAGES = pages()
EACH_PAGE = pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
WIDEST_CELL = 120
MADE_BY_RUNNING = ".db"
_PATH = re.compile(r"`((?:dcvd|tests|docs|config|systemd|\.ci)/[\w./-]*)`")


def test_the_pages_that_an_heir_needs_are_there() -> None:
    names = {page.name for page in PAGES}
    assert {"README.md", "docs/architecture.md", "docs/glossary.md", "docs/adr/README.md"} <= names


@EACH_PAGE
def test_every_relative_link_leads_to_a_file_and_to_a_heading_in_it(page: Page) -> None:
    broken: list[str] = []
    for line, target in page.links:
        if re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = target.partition("#")
        file = (page.path.parent / path).resolve() if path else page.path
        if not file.exists() or not file.is_relative_to(ROOT):
            broken.append(f"{page.name}:{line}: there is no {target}")
        elif fragment and fragment not in read_page(file).anchors:
            broken.append(f"{page.name}:{line}: {path or page.name} has no heading for #{fragment}")
    assert broken == []


@EACH_PAGE
def test_every_link_to_the_outside_is_https(page: Page) -> None:
    schemes = {target.partition(":")[0] for _, target in page.links if re.match(r"[a-z]+:", target)}
    assert schemes <= {"https"}


@EACH_PAGE
def test_no_cell_of_a_table_is_longer_than_a_reader_follows(page: Page) -> None:
    assert [f"{page.name}:{line}: {cell}" for line, cell in page.cells if len(cell) > WIDEST_CELL] == []


@EACH_PAGE
def test_every_path_of_this_repository_that_a_page_names_exists(page: Page) -> None:
    missing = [
        f"{page.name}:{number}: {path}"
        for number, line in page.lines.items()
        for path in _PATH.findall(line)
        if not path.endswith(MADE_BY_RUNNING) and not (ROOT / path).exists()
    ]
    assert missing == []


def test_a_page_under_docs_is_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path in reached or path.suffix != ".md":
            continue
        reached.add(path)
        waiting += [(path.parent / target.partition("#")[0]).resolve() for _, target in read_page(path).links]
    assert [page.name for page in PAGES if page.path not in reached] == []


def test_a_broken_link_a_missing_heading_and_a_wide_cell_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("# What `a` is\n\n[b](other.md#c)\n\n| d | " + "e" * 121 + " |\n\n```sh\n[not](a-link)\n```\n")
    page = read_page(path)
    assert page.anchors == {"what-a-is"}
    assert page.links == [(3, "other.md#c")]
    assert [len(cell) for _, cell in page.cells] == [1, 121]
    assert [(block.language, block.text, block.line) for block in page.blocks] == [("sh", "[not](a-link)\n", 7)]
    path.write_text("```sh\nan end is missing\n")
    with pytest.raises(ValueError, match="does not end"):
        read_page(path)


def test_a_fragment_is_made_of_a_heading_as_github_makes_it() -> None:
    assert slug("Why `kill -9` loses nothing, ever") == "why-kill--9-loses-nothing-ever"
    assert slug("See [the API](api.md)") == "see-the-api"
