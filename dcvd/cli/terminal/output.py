"""What a command was asked to print, and how."""

from typing import Final, Literal, get_args

from msgspec import Struct

from dcvd.cli.extents import Extent

OutputForm = Literal["table", "wide", "json"]
OUTPUT_FORMS: Final[tuple[OutputForm, ...]] = get_args(OutputForm)


class ListOutput(Struct, frozen=True, kw_only=True):
    """How a list is printed: `limit` is None for all of it."""

    form: OutputForm = "table"
    limit: int | None = None
    uses_pager: bool = True

    @property
    def extent(self) -> Extent:
        """How much of the list has to be read."""
        return Extent(self.limit, counts_more=self.form != "json")
