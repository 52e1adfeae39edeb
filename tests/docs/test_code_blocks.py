"""Every code block is run or checked. Those with a file of their own, and those of docs/api.md, are run elsewhere."""

import importlib.util
import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from dcvd.cli.main import commands as dcvd
from dcvd.config import load
from dcvd.core.events import EventType
from tests.docs.markdown import ROOT, CodeBlock, Page, pages

BLOCKS = [(page, block) for page in pages() for block in page.blocks]
ELSEWHERE = {
    "mermaid": "test_architecture",
    "nginx": "test_proxies",
    "caddy": "test_proxies",
    "yaml": "test_proxies",
    "html": "test_connect_page",
}
_RECEIVER = re.compile(r"(python|js|php|ruby|go|csharp) file=\S+")
_COMMENT = re.compile(r"(?m)(^|\s)#\s.*$")


def blocks(language: str) -> pytest.MarkDecorator:
    """Every block in a language."""
    found = [(page, block) for page, block in BLOCKS if block.language == language]
    assert found, f"there is no block in {language}: this test proves nothing"
    return pytest.mark.parametrize(("page", "block"), found, ids=[f"{page.name}:{block.line}" for page, block in found])


def test_every_block_is_in_a_language_that_some_test_checks() -> None:
    checked = {"sh", "json", "toml", *ELSEWHERE}
    unknown = [
        f"{page.name}:{block.line}: {block.language or 'no language'}"
        for page, block in BLOCKS
        if block.language not in checked and not _RECEIVER.fullmatch(block.language)
    ]
    assert unknown == []
    for test in ELSEWHERE.values():
        assert (ROOT / "tests" / "docs" / f"{test}.py").exists()


@blocks("json")
def test_a_block_of_json_is_json_and_an_event_is_one(page: Page, block: CodeBlock) -> None:
    document = json.loads(block.text)
    if "event" in document:
        assert document["event"] in set(EventType)
        members = ["event", "timestamp", "data", "id", "sequence"]
        if page.name == "docs/operations.md":
            members.append("org_id")
        assert list(document) == members
        assert json.dumps(document, separators=(",", ":")) == block.text.strip(), "the body is compact"
    else:
        assert {"type", "title", "status", "detail", "code", "errors"} <= document.keys()


def test_the_least_configuration_is_taken_as_it_stands_with_its_token(tmp_path: Path) -> None:
    (least,) = (block for page, block in BLOCKS if page.name == "docs/moving-in.md" and block.language == "toml")
    file = tmp_path / "dcvd.toml"
    file.write_text(least.text)
    token = tmp_path / "cloudflare-token"
    token.write_text("a-token-of-cloudflare")
    token.chmod(0o600)
    loaded = load(file, {})
    assert loaded.config.cloudflare.cname_target == "edge.example.net"
    assert loaded.config.cloudflare.api_token.reveal() == "a-token-of-cloudflare"
    assert len(least.text.strip().splitlines()) <= 10


@blocks("toml")
def test_a_block_of_toml_is_toml(page: Page, block: CodeBlock) -> None:
    assert tomllib.loads(block.text)


@blocks("sh")
def test_a_block_of_commands_is_one_that_a_shell_can_read(page: Page, block: CodeBlock) -> None:
    done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@blocks("sh")
def test_every_dcvd_command_of_a_block_exists_with_its_options(page: Page, block: CodeBlock) -> None:
    for words in calls(block.text, "dcvd"):
        assert describe_fault(words) is None


@blocks("sh")
def test_what_a_block_calls_of_this_repository_is_there(page: Page, block: CodeBlock) -> None:
    for words in calls(block.text, "python"):
        if "-m" in words:
            module = words[words.index("-m") + 1]
            assert module == "venv" or importlib.util.find_spec(module) is not None, module
    for words in calls(block.text, "make"):
        assert set(words) <= targets(), words
    for word in re.findall(r"(?<![\w./-])((?:\.ci|tests|systemd|config)/[\w./-]+)", block.text):
        assert (ROOT / word.split("::")[0]).exists(), word


def test_a_command_or_an_option_that_does_not_exist_is_seen() -> None:
    (words,) = calls("sleep 1; TOKEN=$(/opt/dcvd/bin/dcvd token create --org A --nam b --quiet) # dcvd\n", "dcvd")
    assert words == ["token", "create", "--org", "A", "--nam", "b", "--quiet"]
    assert describe_fault(words) == "dcvd token create has no option --nam"
    assert describe_fault(["token", "mint"]) == "dcvd token has no command mint"
    assert describe_fault(["org", "create", "Acme"]) is None


def calls(text: str, program: str) -> Iterator[list[str]]:
    """The words after each call of a program in a shell's text."""
    for line in _COMMENT.sub("", text).splitlines():
        for call in re.findall(rf"(?:^|[;&|(]\s*|\s)(?:\S*/)?{program}\s+([^;&|\n]+)", line):
            yield shlex.split(_until_the_substitution_ends(call))


def _until_the_substitution_ends(call: str) -> str:
    """A call without what follows the `)` of the `$(` in which it stands."""
    depth = 0
    for position, character in enumerate(call):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            return call[:position]
    return call


def describe_fault(words: list[str]) -> str | None:
    """What is wrong with a call of dcvd, if anything is."""
    command: click.Command = dcvd
    path = "dcvd"
    rest = list(words)
    context = click.Context(dcvd)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        name = rest.pop(0)
        inner = command.get_command(context, name)
        if inner is None:
            return f"{path} has no command {name}"
        command, path = inner, f"{path} {name}"
    known = {option for parameter in command.get_params(context) for option in parameter.opts}
    unknown = [word.partition("=")[0] for word in rest if word.startswith("-") and word.partition("=")[0] not in known]
    return f"{path} has no option {unknown[0]}" if unknown else None


def targets() -> set[str]:
    """The targets of the Makefile."""
    lines = re.findall(r"(?m)^([a-z][a-z ]*):", (ROOT / "Makefile").read_text())
    return {name for line in lines for name in line.split()}
