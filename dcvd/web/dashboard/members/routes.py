"""`/dashboard/members`: the people of an organization, and whom alerts tell."""

from typing import Final

from litestar import Router

ROUTERS: Final[tuple[Router, ...]] = ()
