"""`/dashboard/quick-start`: the quick start."""

from typing import Final

from litestar import Router

ROUTERS: Final[tuple[Router, ...]] = ()
