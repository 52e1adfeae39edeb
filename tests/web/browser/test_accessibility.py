"""axe-core finds nothing serious on any page, narrow and wide, light and dark, and in whatever colours."""

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

from tests.web.browser.place import Place, Tenant
from tests.web.browser.scenes import SCENES, SCHEMES, WIDTHS
from tests.web.browser.scenes.connect import show_no_name, show_wrong_target
from tests.web.browser.scenes.stage import Stage
from tests.web.browser.visitor import Visitor

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.sweep]

COLOURS = [
    {"primaryColor": "#ffff00"},
    {"primaryColor": "#ffffff", "backgroundColor": "#ffffff"},
    {"primaryColor": "#000000", "backgroundColor": "#000000"},
    {"primaryColor": "#777777", "backgroundColor": "#777777"},
    {"primaryColor": "#ff00ff", "backgroundColor": "#00ff00"},
    {"primaryColor": "#0000ff", "backgroundColor": "#2a0000"},
]


@pytest.fixture(scope="session")
def axe() -> str:
    """The checker, from `npm install axe-core`; skips where it is not installed."""
    path = Path(os.environ.get("DCVD_NODE_MODULES", ""), "axe-core", "axe.min.js")
    if not path.is_file():
        pytest.skip("axe-core is not here: npm install axe-core@4.14.1, then set DCVD_NODE_MODULES to the folder.")
    return path.read_text()


@pytest.mark.parametrize("scene", SCENES)
async def test_every_page(scene: str, axe: str, place: Place, tenant: Tenant, visitor: Visitor) -> None:
    await SCENES[scene](Stage(place, tenant, visitor))
    await require_accessible(visitor.page, axe)


@pytest.mark.parametrize("colours", COLOURS, ids=lambda colours: "-on-".join(colours.values()))
@pytest.mark.parametrize("scene", [show_wrong_target, show_no_name])
async def test_whatever_colours_an_organization_has(
    scene: Any, colours: dict[str, str], axe: str, place: Place, tenant: Tenant, visitor: Visitor
) -> None:
    await tenant.brand(**colours)
    await scene(Stage(place, tenant, visitor))
    await require_accessible(visitor.page, axe)


async def require_accessible(page: Page, axe: str) -> None:
    # Colours do not fade in: what is measured is what is shown in the end.
    await page.emulate_media(reduced_motion="reduce")
    await page.evaluate(axe)
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 900})
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found = await page.evaluate("axe.run()")
            assert [describe(each) for each in found["violations"] if is_grave(each)] == [], f"{width} px, {scheme}"
            overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert overflow <= 0, f"it is {overflow} px wider than a window of {width} px"


def is_grave(violation: Any) -> bool:
    return violation["impact"] in ("serious", "critical")


def describe(violation: Any) -> str:
    nodes = "; ".join(f"{node['html'][:200]} {node['failureSummary']}" for node in violation["nodes"][:3])
    return f"{violation['id']}: {nodes}"
