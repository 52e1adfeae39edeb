"""The shells that complete, with the scripts that they read and the answers that these understand."""

import re
from collections.abc import Mapping
from typing import ClassVar, Final

import click
from click.shell_completion import BashComplete, CompletionItem, FishComplete, ShellComplete, ZshComplete

from dcvd.cli.completion.command_index import read_index
from dcvd.cli.completion.skeleton import build_skeleton

VARIABLE: Final = "_DCVD_COMPLETE"
_PROGRAM: Final = "dcvd"
_ESCAPED: Final = r"\\\1"
_UNSAFE: Final = re.compile(r"([^\w@%+=:,./~-])")


class _Bash(BashComplete):
    """Bash takes a completion as it would have been typed, so blanks of names are escaped; it splits at `=`."""

    source_template: ClassVar[str] = BashComplete.source_template.replace("read type", "read -r type").replace(
        "COMPREPLY+=($value)", 'COMPREPLY+=("$value")'
    )

    def get_completion_args(self) -> tuple[list[str], str]:
        arguments, incomplete = super().get_completion_args()
        return [argument for argument in arguments if argument != "="], incomplete.removeprefix("=")

    def format_completion(self, item: CompletionItem) -> str:
        return f"{item.type},{_UNSAFE.sub(_ESCAPED, str(item.value))}"


class _Zsh(ZshComplete):
    """Zsh calls a script that it has loaded from $fpath again and again: each time it completes, not only the first."""

    source_template: ClassVar[str] = ZshComplete.source_template.replace(
        "$zsh_eval_context[-1] == loadautofunc", f"$funcstack[1] == _{_PROGRAM}"
    )


SHELLS: Final[Mapping[str, type[ShellComplete]]] = {"bash": _Bash, "zsh": _Zsh, "fish": FishComplete}


def make_script(shell: str) -> str:
    """Make the script by which a shell asks dcvd for completions."""
    completer = SHELLS[shell](click.Command(_PROGRAM), {}, _PROGRAM, VARIABLE)
    return ShellComplete.source(completer)


def answer(instruction: str) -> None:
    """Print what the script of a shell asks for by the variable's value, such as `bash_complete`."""
    shell, _, what = instruction.partition("_")
    if shell not in SHELLS or what != "complete":
        return
    index = read_index()
    click.echo(SHELLS[shell](build_skeleton(index[""], index), {}, _PROGRAM, VARIABLE).complete())
