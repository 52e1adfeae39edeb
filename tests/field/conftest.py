"""What the cases at real DNS servers share."""

from tests.dns.served import serve

__all__ = ["serve"]
