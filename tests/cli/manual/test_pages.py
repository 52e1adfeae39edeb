"""Manual pages say what `--help` and the documented configuration say, in roff that their readers accept."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import click
import pytest

from dcvd.cli.command_tree import walk
from dcvd.cli.main import DEFERRED_COMMANDS, commands
from dcvd.cli.manual.__main__ import main
from dcvd.cli.manual.roff import RoffPage
from dcvd.config import Config
from dcvd.config.key_annotations import keys, sections

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All pages, as they are installed."""
    path = tmp_path_factory.mktemp("man")
    assert main([str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def pages(directory: Path) -> Mapping[str, str]:
    """The pages as people read them, in one line each: a blank stands for every gap."""
    return {path.name: words(show(path)) for path in directory.rglob("*.*")}


def needed(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not on this machine")
    return found


def show(page: Path) -> str:
    done = subprocess.run(
        [needed("mandoc"), "-Tutf8", "-Owidth=1000", str(page)], capture_output=True, text=True, check=True
    )
    return re.sub(".\x08", "", done.stdout).replace("‐", "-")


def words(text: str) -> str:
    return " ".join(text.replace("`", "").replace("\b", " ").split())


def test_there_is_a_page_for_each_command_and_for_the_configuration(directory: Path) -> None:
    assert {path.name for path in directory.joinpath("man1").iterdir()} == {
        "dcvd.1",
        *(f"dcvd-{name}.1" for name in DEFERRED_COMMANDS),
    }
    assert [path.name for path in directory.joinpath("man5").iterdir()] == ["dcvd.toml.5"]


def test_no_page_has_a_mistake_that_mandoc_finds(directory: Path) -> None:
    files = sorted(map(str, directory.rglob("*.*")))
    done = subprocess.run(
        [needed("mandoc"), "-Tlint", "-Wwarning", *files], capture_output=True, text=True, check=False
    )
    assert done.stdout + done.stderr == ""


@pytest.mark.parametrize("name", ["man1/dcvd.1", "man1/dcvd-org.1", "man1/dcvd-completion.1", "man5/dcvd.toml.5"])
def test_no_page_has_a_mistake_that_groff_finds(directory: Path, name: str) -> None:
    done = subprocess.run(
        [needed("man"), "--warnings", "-E", "UTF-8", "-l", str(directory / name)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MANWIDTH": "80", "PAGER": "cat"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert max(len(re.sub(".\x08", "", line)) for line in done.stdout.splitlines()) < 130


def test_each_page_has_every_text_of_the_help(pages: Mapping[str, str]) -> None:
    for node in walk(commands):
        page = pages["dcvd.1" if not node.path else f"dcvd-{node.path[0]}.1"]
        for paragraph in (node.command.help or "").split("\n\n"):
            assert words(paragraph) in page, node.path
        for line in (node.command.epilog or "").splitlines():
            assert words(line).rstrip(":").lower() in page.lower(), node.path
        for parameter in node.command.params:
            if isinstance(parameter, click.Option) and parameter.help:
                assert words(parameter.help) in page, (node.path, parameter.name)
                assert all(name in page for name in parameter.opts)


def test_the_program_page_names_every_command_in_its_group(pages: Mapping[str, str]) -> None:
    for name in DEFERRED_COMMANDS:
        assert f"See dcvd-{name}(1)." in pages["dcvd.1"]


def test_the_page_of_the_configuration_has_every_key_with_its_default_and_comment(pages: Mapping[str, str]) -> None:
    source = (ROOT / "config" / "dcvd.toml").read_text()
    page = pages["dcvd.toml.5"]
    for name, section in sections(Config).items():
        assert f" [{name}] " in page
        for key in keys(section):
            assert f" {key} = " in page, f"{name}.{key}"
    for line in source.splitlines():
        assert words(line.removeprefix("#")) in page
    assert tomllib.loads(source)


def test_the_same_source_gives_the_same_bytes_of_the_same_day(
    tmp_path: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    assert main([str(tmp_path)]) == 0
    for path in tmp_path.rglob("*.*"):
        text, today = path.read_text(), (directory / path.relative_to(tmp_path)).read_text()
        assert '"2026-01-01"' in text.splitlines()[0]
        assert text.splitlines()[1:] == today.splitlines()[1:]


def test_the_program_writes_them_where_it_is_told(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "dcvd.cli.manual", str(tmp_path)], check=True)
    assert (tmp_path / "man1" / "dcvd.1").exists()


def test_without_a_directory_it_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "python -m dcvd.cli.manual DIRECTORY" in capsys.readouterr().err


def test_what_roff_would_take_for_its_own_is_shown_as_it_is(tmp_path: Path) -> None:
    text = ".TH a \\fB 'x' -- ^~ \"q\" \\n(aa"
    page = RoffPage("x", 1, date="2026-01-01", source="s", title="t")
    page.add_section("A")
    page.add_paragraph(text)
    page.add_block(f"{text}\n'begins")
    page.add_entry(text, text, f"    {text}")
    path = tmp_path / "x.1"
    path.write_text(page.render())
    assert show(path).count(text) == 5
