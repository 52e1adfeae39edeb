"""dcvd/cli/completion/commands.jsonl, made of the commands."""

from typing import Final

import msgspec

from dcvd.cli.command_tree import walk
from dcvd.cli.completion.command_index import FILE_NAME, describe
from dcvd.cli.main import commands
from tests.docs.markdown import ROOT

PATH: Final = ROOT / "dcvd" / "cli" / "completion" / FILE_NAME


def render() -> str:
    """Write the index, a command a line in the order of their paths."""
    entries = sorted((describe(node) for node in walk(commands)), key=lambda entry: entry.path)
    return msgspec.json.Encoder().encode_lines(entries).decode()
