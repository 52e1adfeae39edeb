"""What the tests of observing DNS share."""

from tests.dns.served import serve

__all__ = ["serve"]
