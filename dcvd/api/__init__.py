"""The HTTP interface: tenants with bearer tokens, operators over the unix socket. It only translates."""

from dcvd.api.app import Api, create_app
from dcvd.api.parts import Looker

__all__ = ["Api", "Looker", "create_app"]
