"""What is said instead of an empty list: that there is nothing yet, or nothing that the filters leave."""

from typing import Final

import click

_NO_FILTERS: Final = frozenset(
    ("form", "as_json", "limit", "takes_all", "no_pager", "config", "sort", "all_dead", "follow", "last")
)


def describe_nothing(things: str, hint: str = "") -> str:
    """Say that there are no `things`, or by which options of the present command; `hint`: how there come some."""
    filters = _list_filters(click.get_current_context())
    if not filters:
        return f"There are no {things} yet{f': {hint}' if hint else '.'}"
    *first, last = filters
    names = f"{', '.join(first)} and {last}" if first else last
    return f"There are no such {things}: the list is filtered by {names}."


def _list_filters(context: click.Context) -> list[str]:
    """List the options by which a list was narrowed, as they are declared."""
    return [
        max(parameter.opts, key=len)
        for parameter in context.command.params
        if isinstance(parameter, click.Option)
        and parameter.name not in _NO_FILTERS
        and context.get_parameter_source(parameter.name)
        in (click.core.ParameterSource.COMMANDLINE, click.core.ParameterSource.ENVIRONMENT)
    ]
