"""`python -m tests.screens DIRECTORY`: pictures of every page, narrow and wide, light and dark, to be looked at.

With `--readme` in place of scenes: the two that README.md shows, into `docs/pictures`.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from playwright.async_api import Page, ViewportSize, async_playwright

from dcvd.kit.logs.configuration import configure_logging
from tests.web.browser.chromium import OPTIONS
from tests.web.browser.place import opened
from tests.web.browser.scenes import SCENES, SCHEMES, WIDTHS
from tests.web.browser.scenes.stage import Scene, Stage
from tests.web.browser.visitor import visiting

README_PICTURES: Final = {"connect-page.png": "wrong_target", "dashboard.png": "domains"}
_README_SIZE: Final[ViewportSize] = {"width": 1100, "height": 900}


@asynccontextmanager
async def play(scenes: dict[str, Scene], chromium: str) -> AsyncIterator[AsyncIterator[tuple[str, Page]]]:
    """Play each scene once, and give the page on which it ends."""
    with tempfile.TemporaryDirectory() as home:
        async with opened(Path(home)) as place, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=OPTIONS)

            async def play_each() -> AsyncIterator[tuple[str, Page]]:
                for name, scene in scenes.items():
                    async with visiting(browser, place.url) as visitor:
                        await scene(Stage(place, await place.new_tenant(), visitor))
                        yield name, visitor.page

            yield play_each()
            await browser.close()


async def take(directory: Path, chosen: list[str], chromium: str) -> None:
    """Take four pictures of each scene."""
    async with play({name: SCENES[name] for name in chosen or SCENES}, chromium) as played:
        async for name, page in played:
            for width in WIDTHS:
                await page.set_viewport_size({"width": width, "height": 900})
                for scheme in SCHEMES:
                    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                    path = directory / f"{name}-{width}-{scheme}.png"
                    await page.screenshot(path=path, full_page=True)
                    print(path)


async def take_for_readme(directory: Path, chromium: str) -> None:
    """Take the pictures that README.md shows."""
    async with play({file: SCENES[name] for file, name in README_PICTURES.items()}, chromium) as played:
        async for file, page in played:
            await page.set_viewport_size(_README_SIZE)
            await page.emulate_media(color_scheme="light", reduced_motion="reduce")
            await page.screenshot(path=directory / file)
            print(directory / file)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.screens", description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("scene", nargs="*", choices=[[], *SCENES], help="only these")
    parser.add_argument("--readme", action="store_true", help="the pictures of README.md")
    arguments = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("chromium is not installed: apt-get install chromium")
    arguments.directory.mkdir(parents=True, exist_ok=True)
    configure_logging(level="error", json=True, stream=sys.stderr)
    if arguments.readme:
        asyncio.run(take_for_readme(arguments.directory, chromium))
    else:
        asyncio.run(take(arguments.directory, arguments.scene, chromium))


if __name__ == "__main__":
    main()
