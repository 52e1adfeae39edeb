"""The dashboard's pages of members."""

from typing import Final

from tests.web.browser.scenes.stage import Scene

SCENES: Final[dict[str, Scene]] = {}
