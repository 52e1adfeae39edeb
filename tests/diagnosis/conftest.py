"""What the tests of diagnosis at real servers share."""

from tests.dns.conftest import other_sandbox
from tests.dns.served import serve

__all__ = ["other_sandbox", "serve"]
