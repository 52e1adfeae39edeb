"""A Cloudflare API and a nameserver on loopback, for tests and for trying dcvd out."""

from dcvd.sandbox.server import Sandbox
from dcvd.sandbox.settings import SandboxSettings

__all__ = ["Sandbox", "SandboxSettings"]
