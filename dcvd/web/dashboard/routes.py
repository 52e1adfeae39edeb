"""The pages of the dashboard, subject by subject."""

from typing import Final

from dcvd.http.router import Router
from dcvd.web.dashboard.alerts import routes as alerts
from dcvd.web.dashboard.audit import routes as audit
from dcvd.web.dashboard.branding import routes as branding
from dcvd.web.dashboard.connections import routes as connections
from dcvd.web.dashboard.domains import routes as domains
from dcvd.web.dashboard.events import routes as events
from dcvd.web.dashboard.jobs import routes as jobs
from dcvd.web.dashboard.members import routes as members
from dcvd.web.dashboard.overview import routes as overview
from dcvd.web.dashboard.quick_start import routes as quick_start
from dcvd.web.dashboard.tokens import routes as tokens
from dcvd.web.dashboard.webhooks import routes as webhooks

ROUTERS: Final[tuple[Router, ...]] = (
    *overview.ROUTERS,
    *domains.ROUTERS,
    *webhooks.ROUTERS,
    *events.ROUTERS,
    *connections.ROUTERS,
    *jobs.ROUTERS,
    *tokens.ROUTERS,
    *members.ROUTERS,
    *alerts.ROUTERS,
    *branding.ROUTERS,
    *audit.ROUTERS,
    *quick_start.ROUTERS,
)
