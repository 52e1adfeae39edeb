"""Errors of the API in the words of the command that called it."""

import re
from collections.abc import Iterator
from typing import Final

import click

from dcvd.cli.sent_values import SentOption, read_lists
from dcvd.errors import DcvdError, NotFound
from dcvd.http.answers.problem_view import FieldError, Problem

_HUMP: Final = re.compile(r"(?<!^)(?=[A-Z])")


def build_error(problem: Problem) -> DcvdError:
    """Build the error of a command: it names options instead of parameters, and where ids are listed."""
    context = click.get_current_context(silent=True)
    message = problem.detail
    if context is not None:
        if problem.code == NotFound.code:
            message = _add_list(message, context)
        elif problem.errors:
            message = " ".join(_name_option(error, context) for error in problem.errors)
    return DcvdError(message, code=problem.code)


def _name_option(error: FieldError, context: click.Context) -> str:
    option = next(_find_options(re.split(r"[.\[]", error.field)[0], context), None)
    if option is None:
        return error.message
    if error.message.startswith(f"{error.field} "):
        return option + error.message.removeprefix(error.field)
    return error.message if option in error.message else f"{option}: {error.message}"


def _find_options(field: str, context: click.Context) -> Iterator[str]:
    """Yield the options of a command that send a member or a parameter of the API."""
    name = _HUMP.sub("_", field).lower()
    for parameter in context.command.params:
        if isinstance(parameter, click.Option):
            option = max(parameter.opts, key=len)
            sent = parameter.sends if isinstance(parameter, SentOption) else None
            if sent == field or (sent is None and name in (parameter.name, option.lstrip("-").replace("-", "_"))):
                yield option


def _add_list(message: str, context: click.Context) -> str:
    for given, command in read_lists(context).items():
        if given in message and "`dcvd" not in message:
            return f"{message.removesuffix('.')}; `{command}` shows those that exist."
    return message
