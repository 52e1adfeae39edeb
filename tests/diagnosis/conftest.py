"""What the tests of diagnosis at real servers share."""

from tests.dns.served import serve

__all__ = ["serve"]
