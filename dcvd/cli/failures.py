"""Failures of a command, told on standard error: in sentences, or as one line of JSON where the command was to print
JSON."""

import os
import traceback
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import click
import msgspec
from msgspec import Struct

from dcvd.cli.terminal.prose import print_prose
from dcvd.errors import ConfigError, DcvdError, RemoteError

DEBUG_VARIABLE: Final = "DCVD_DEBUG"
_JSON_OPTIONS: Final = frozenset(("--json", "-ojson", "--output=json"))
_OUTPUT_OPTIONS: Final = frozenset(("-o", "--output"))


class FailureOutput(Struct, frozen=True):
    """A failure for programs: a stable code, and sentences on what happened and what to do."""

    code: str
    message: str
    problems: list[str]


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for JSON; what follows `--` are no options."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return not _JSON_OPTIONS.isdisjoint(options) or any(
        name in _OUTPUT_OPTIONS and value == "json" for name, value in pairwise(options)
    )


def show_wrong_usage(error: click.ClickException, *, as_json: bool) -> None:
    """Tell that a command was not used as it has to be."""
    if as_json:
        _show("wrong_usage", [error.format_message()], as_json=True)
    else:
        error.show()


def show_error(error: DcvdError, *, as_json: bool) -> None:
    """Tell an error that dcvd raised on purpose."""
    _show_traceback(error)
    match error:
        case ConfigError():
            sentences = error.problems
        case RemoteError():  # the command has asked, and does not ask again
            sentences = [error.fact]
        case _:
            sentences = [error.message]
    _show(error.code, sentences, as_json=as_json)


def show_system_error(error: OSError, *, as_json: bool) -> None:
    """Tell that the system refused something."""
    _show_traceback(error)
    _show("system_error", [f"The system refused: {error}."], as_json=as_json)


def show_fault(error: Exception, *, as_json: bool) -> None:
    """Tell a fault of ours."""
    _show_traceback(error)
    hint = "" if _is_debugging() else f" Run it again with {DEBUG_VARIABLE}=1 to see where."
    _show("internal_error", [f"This is a fault in dcvd: {type(error).__name__}: {error}.{hint}"], as_json=as_json)


def _show_traceback(error: BaseException) -> None:
    """Print the traceback, where somebody wants to debug."""
    if _is_debugging():
        traceback.print_exception(error)


def _is_debugging() -> bool:
    return os.environ.get(DEBUG_VARIABLE) == "1"


def _show(code: str, sentences: list[str], *, as_json: bool) -> None:
    # Arguments that are no UTF-8 come as lone surrogates, which neither JSON nor a terminal can show.
    readable = [sentence.encode(errors="backslashreplace").decode() for sentence in sentences]
    if as_json:
        click.echo(msgspec.json.encode({"error": FailureOutput(code, " ".join(readable), readable)}), err=True)
    else:
        print_prose("\n".join(readable), err=True)
