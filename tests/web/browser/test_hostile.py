"""Whatever tenants, customers, their DNS, their providers and Cloudflare say, a page shows it as text."""

import re
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st
from playwright.async_api import Browser, Page, expect

from dcvd.core.records.domain_connect import RETURN_PATH
from tests.examples import examples
from tests.web.browser.place import Place, Tenant
from tests.web.browser.visitor import Visitor, visiting

pytestmark = pytest.mark.asyncio(loop_scope="session")

PIECES = [
    "<script>hacked=1</script>", "<img src=x onerror=hacked=1>", '"><svg onload=hacked=1>',
    "' onfocus='hacked=1' autofocus='",
    '" onfocus="hacked=1" autofocus="', "javascript:hacked=1", "</title></style></textarea><script>hacked=1</script>",
    "{{ 7 * 7 }}", "{% raw %}", "${hacked=1}", "<!--", "]]>", "&lt;b&gt;", "<a href=//evil.example>x</a>",
    "<iframe src=//evil.example></iframe>", "<form action=//evil.example>", "<base href=//evil.example>",
    "<link rel=stylesheet href=//evil.example>", "<style>*{display:none}</style>",
    "<b hx-get=//evil.example hx-trigger=load>",
    "<template>", "<div id=content>", "`", "⟦when⟧", "{hostname}", "\\u003cscript\\u003e", "ünïcödé", "«»",
]  # fmt: skip
_BROUGHT = "iframe, base, a[href^='//'], form[action^='//'], [hx-get^='//'], [onfocus], [onload], [onerror]"
"""What only a hostile text could have brought into a page."""
HOSTILE = st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map(
    lambda pieces: " ".join(pieces).strip()[:100].strip()
)


@given(text=HOSTILE)
@example(text=" ".join(PIECES[:2]))
@examples(1, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@pytest.mark.sweep
async def test_it_is_shown_as_text_on_every_page(text: str, place: Place, browser: Browser) -> None:
    tenant = await place.new_tenant()
    await tenant.brand(name=text)
    async with visiting(browser, place.url) as visitor:
        visitor.may_fail |= {400, 404}
        await show_dns(text, place, tenant, visitor)
        await show_what_cloudflare_says(text, tenant, visitor)
        await show_typed_names(text, tenant, visitor)
        for path in (
            f"/oauth/callback/cloudflare?error=access_denied&error_description={quote(text)}&state={quote(text)}",
            f"{RETURN_PATH}?error={quote(text)}&error_description={quote(text)}&state={quote(text)}",
            f"/connect/{quote(text.replace('/', ' '))}",
        ):
            await visitor.open(path)
            await require_harmless(visitor)
        visitor.require_no_problem()
        assert visitor.origins == {place.url.removeprefix("http://")}


async def show_dns(text: str, place: Place, tenant: Tenant, visitor: Visitor) -> None:
    """A CNAME may lead to any bytes."""
    domain = await tenant.add()
    label = "".join(f"\\{byte:03d}" for byte in text.encode()[:60])
    await place.set_dns(domain.name, "CNAME", f"{label}.example.")
    for query in ("", f"?lang={quote(text)}", f"?embed={quote(text)}"):
        await visitor.open(f"{domain.path}{query}")
        await expect(visitor.page.locator(".step.wrong .finding")).to_contain_text("example")
        await require_harmless(visitor)
    await expect(visitor.page.locator("main")).to_contain_text(shown(text))


async def show_what_cloudflare_says(text: str, tenant: Tenant, visitor: Visitor) -> None:
    domain = await tenant.add()
    await visitor.open(domain.path)
    await expect(visitor.page.locator(".step.wrong").first).to_be_visible()
    await tenant.force_cloudflare(domain.id, validationErrors=[f"Refused: {text}"], sticky=True)
    await visitor.page.get_by_role("button", name="Check now").click()
    await expect(visitor.page.get_by_role("button", name="Check now")).to_be_enabled()
    await require_harmless(visitor)


async def show_typed_names(text: str, tenant: Tenant, visitor: Visitor) -> None:
    await visitor.open(await tenant.new_link())
    await visitor.page.get_by_label("Your domain").fill(text)
    await visitor.page.get_by_role("button", name="Go on").click()
    await expect(visitor.page.get_by_role("textbox")).to_have_value(text)
    await require_harmless(visitor)


def shown(text: str) -> re.Pattern[str]:
    """The text as a browser shows it: blanks are one."""
    return re.compile(r"\s+".join(map(re.escape, text.split())))


async def require_harmless(visitor: Visitor) -> None:
    page: Page = visitor.page
    assert await page.evaluate("typeof hacked") == "undefined"
    assert await page.locator(_BROUGHT).count() == 0
    assert await page.locator("main").count() == 1
    visitor.require_no_problem()
