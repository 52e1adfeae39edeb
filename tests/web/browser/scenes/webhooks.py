"""The dashboard's pages of webhooks."""

from typing import Final

from tests.web.browser.scenes.stage import Scene

SCENES: Final[dict[str, Scene]] = {}
