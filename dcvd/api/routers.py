"""The routers below /api, for bearers of a token."""

from typing import Final

from dcvd.api import events
from dcvd.api.alerts import routes as alerts
from dcvd.api.audit import routes as audit
from dcvd.api.branding import routes as branding
from dcvd.api.connections import aws_external_ids, oauth
from dcvd.api.connections import routes as connections
from dcvd.api.diagnosis import routes as diagnosis
from dcvd.api.domains import bulk, csv_export
from dcvd.api.domains import routes as domains
from dcvd.api.jobs import routes as jobs
from dcvd.api.links import routes as links
from dcvd.api.members import routes as members
from dcvd.api.records import domain_connect
from dcvd.api.records import routes as records
from dcvd.api.sessions import routes as sessions
from dcvd.api.timeline import routes as timeline
from dcvd.api.tokens import routes as tokens
from dcvd.api.webhooks import deliveries, endpoint_calls
from dcvd.api.webhooks import routes as webhooks
from dcvd.api.zones import routes as zones
from dcvd.http.router import Router

TENANT_ROUTERS: Final[tuple[Router, ...]] = (
    tokens.ROUTER,
    sessions.ROUTER,
    links.ROUTER,
    audit.ROUTER,
    members.ROUTER,
    alerts.ROUTER,
    branding.ROUTER,
    domains.ROUTER,
    bulk.ROUTER,
    csv_export.ROUTER,
    diagnosis.ROUTER,
    records.ROUTER,
    domain_connect.ROUTER,
    timeline.ROUTER,
    webhooks.ROUTER,
    endpoint_calls.ROUTER,
    deliveries.ROUTER,
    events.ROUTER,
    jobs.ROUTER,
    connections.ROUTER,
    aws_external_ids.ROUTER,
    oauth.ROUTER,
    zones.ROUTER,
)
