"""The HTTP interface: tenants with bearer tokens, operators over the unix socket. It only translates."""

from dcvd.api.app import Api, create_app
from dcvd.api.http.app_services import OnDemandChecker, OnDemandTester

__all__ = ["Api", "OnDemandChecker", "OnDemandTester", "create_app"]
