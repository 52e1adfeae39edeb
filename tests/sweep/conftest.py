"""A sandbox and a receiver, as the tests of the daemon have them."""

from tests.daemon.conftest import collector as collector
from tests.daemon.conftest import world as world
