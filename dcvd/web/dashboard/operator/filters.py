"""The filters of lists, as a form sends them: a field that is empty filters nothing."""

from enum import StrEnum
from typing import TypeVar

from dcvd.http.parameters import parse_choice
from dcvd.http.request import ApiRequest
from dcvd.services.organizations.owners import find_wanted_id

E = TypeVar("E", bound=StrEnum)


class Filters:
    """Reads the fields of a query."""

    def __init__(self, request: ApiRequest) -> None:
        self._request = request

    @property
    def cursor(self) -> str | None:
        """The cursor of the page that is asked for."""
        return self.read("cursor")

    def read(self, name: str) -> str | None:
        """Read a field; None where it is empty or missing."""
        return self._request.query_params.get(name, "").strip() or None

    def choose(self, name: str, choices: type[E]) -> E | None:
        """Read a member of a closed set. Raises InvalidInput."""
        return parse_choice(name, self.read(name), choices)

    async def find_organization_id(self) -> str | None:
        """Find the organization that is asked for by its id or its name. Raises NotFound."""
        return await find_wanted_id(self._request.context, self.read("organization"))
