"""A Cloudflare API and a nameserver on loopback, for trying things out and for tests."""

from dcvd.sandbox.server import Sandbox
from dcvd.sandbox.settings import SandboxSettings

__all__ = ["Sandbox", "SandboxSettings"]
