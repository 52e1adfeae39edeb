"""The fixtures of `tests.served_app`."""

from tests.served_app.fixtures import *  # noqa: F403  # pytest finds fixtures by the names in this module
