"""What a command sends to the API, for errors that come back about it."""

from typing import Any, Final

import click

_LISTS: Final = "dcvd.lists"


class SentOption(click.Option):
    """`sends`: the member or the parameter of the API that holds its value, where its name does not say it."""

    def __init__(self, *arguments: Any, sends: str, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.sends = sends


def note_list(context: click.Context, object_id: str, command: str) -> None:
    """Note which command lists objects such as the one whose id was given."""
    context.meta.setdefault(_LISTS, {})[object_id] = command


def read_lists(context: click.Context) -> dict[str, str]:
    """Return the commands that were noted, by the ids."""
    lists: dict[str, str] = context.meta.get(_LISTS, {})
    return lists
