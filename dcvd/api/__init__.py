"""The HTTP interface: it translates between requests and services, for tenants with tokens and for operators."""

from dcvd.api.app import Api, create_app
from dcvd.api.http.app_services import OnDemandTester

__all__ = ["Api", "OnDemandTester", "create_app"]
