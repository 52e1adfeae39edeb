"""`/dashboard/domains`: domains, and one domain."""

from typing import Final

from dcvd.http.router import Router
from dcvd.web.dashboard.domains import addition, bulk, domain, domain_list, links, records, registration, removal
from dcvd.web.dashboard.navigation import DOMAINS, JOBS, LINKS

ROUTERS: Final[tuple[Router, ...]] = (
    Router(
        "/",
        route_handlers=[
            *domain_list.HANDLERS, *addition.HANDLERS, *bulk.HANDLERS, *domain.HANDLERS, *records.HANDLERS,
            *removal.HANDLERS,
        ],
        opt=DOMAINS,
    ),
    Router("/", route_handlers=links.HANDLERS, opt=LINKS),
    Router("/", route_handlers=registration.HANDLERS, opt=JOBS),
)  # fmt: skip
