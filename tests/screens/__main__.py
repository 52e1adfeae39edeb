"""`python -m tests.screens DIRECTORY`: pictures of every page, narrow and wide, light and dark, to be looked at."""

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright

from dcvd.kit.logs.configuration import configure_logging
from tests.web.browser.chromium import OPTIONS
from tests.web.browser.place import opened
from tests.web.browser.scenes import SCENES, SCHEMES, WIDTHS
from tests.web.browser.scenes.stage import Stage
from tests.web.browser.visitor import visiting


async def take(directory: Path, chosen: list[str], chromium: str) -> None:
    """Play each scene once, and take four pictures of it."""
    with tempfile.TemporaryDirectory() as home:
        async with opened(Path(home)) as place, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
            for name in chosen or SCENES:
                async with visiting(browser, place.url) as visitor:
                    await SCENES[name](Stage(place, await place.new_tenant(), visitor))
                    for width in WIDTHS:
                        await visitor.page.set_viewport_size({"width": width, "height": 900})
                        for scheme in SCHEMES:
                            await visitor.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                            path = directory / f"{name}-{width}-{scheme}.png"
                            await visitor.page.screenshot(path=path, full_page=True)
                            print(path)
            await browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.screens", description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("scene", nargs="*", choices=[[], *SCENES], help="only these")
    arguments = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("chromium is not installed: apt-get install chromium")
    arguments.directory.mkdir(parents=True, exist_ok=True)
    configure_logging(level="error", json=True, stream=sys.stderr)
    asyncio.run(take(arguments.directory, arguments.scene, chromium))


main()
