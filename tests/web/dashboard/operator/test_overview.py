"""`/dashboard/operator`: what serves, what waits for whom, and what an operator has to do."""

from msgspec.structs import replace

from dcvd.api.app import Api
from dcvd.core.domains.domain import DomainError, DomainStatus
from dcvd.core.domains.saas_zone import HostnameUsage, SaasZone, ZoneFault, ZoneFaultCode
from dcvd.core.instants import DAY, HOUR
from dcvd.errors import Permanent
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.jobs import queue
from dcvd.services.system.growth import DatabaseGrowth
from dcvd.services.system.overview import OverviewReader
from dcvd.store import domains
from dcvd.store.organizations.organizations import Organization
from tests.api.webhooks.owed import added, domain, given_up
from tests.manual_clock import ManualClock
from tests.served_app.client import Client
from tests.served_app.stand_ins import NOW, QUIET_DAEMON, bring_to_active
from tests.services.views import all_jobs
from tests.web.dashboard.operator.reading import ROOT, let_fail, links_of, read
from tests.web.sign_in.browser import Browser
from tests.web.sign_in.operating import signed_in_operator


async def test_where_all_is_well_it_says_so(browser: Browser) -> None:
    page = await read(browser)
    assert "All is well" in page
    assert "No backup of this database is known" in page
    assert "all of it works" in page
    assert "Nothing is due." in page
    assert "SQLite" in page


async def test_what_needs_the_operator_comes_first_with_the_list_in_question(
    browser: Browser, context: Context, organization: Organization
) -> None:
    broken = await additions.add(context, organization.id, "broken.customer.com")
    error = DomainError("plan_lacks", "The plan lacks it.")
    changed = replace(broken, status=DomainStatus.ERROR, error=error, broken_since=NOW - DAY)
    await context.database.write(lambda tx: domains.update(tx, changed))
    fault = ZoneFault(code=ZoneFaultCode.UNAUTHORIZED, message="Cloudflare refuses the token.", since=NOW - HOUR)
    context.saas_zone.value = SaasZone(faults=(fault,), usage=HostnameUsage(95, 100, 0))
    page = await read(browser)
    assert "Something needs you." in page
    assert page.index("Cloudflare refuses the token.") < page.index("Domains that worked and do not now: 1.")
    assert "95 of at most 100 custom hostnames" in page
    links = await links_of(browser, "")
    assert {f"{ROOT}/domains/{broken.id}", f"{ROOT}/domains?actor=operator", "#broken"} <= set(links)


async def test_dead_jobs_are_grouped_by_what_ended_them(
    browser: Browser, owner: Client, context: Context, organization: Organization
) -> None:
    for number in range(3):
        await domain(owner, f"app{number}.customer.com")
    for job in await all_jobs(context, organization.id):
        await queue.fail(context, job, Permanent("Cloudflare answered 401.", code="cloudflare_unauthorized"))
    assert "3 × Registration at Cloudflare: cloudflare_unauthorized Cloudflare answered 401." in await read(browser)


async def test_certificates_that_should_have_been_renewed_are_listed(
    operator: Client, anybody: Client, context: Context, organization: Organization, clock: ManualClock
) -> None:
    added_domain = await additions.add(context, organization.id, "late.customer.com")
    await bring_to_active(context, added_domain)
    clock.advance(80 * DAY)
    page = await read(await signed_in_operator(operator, anybody))
    assert "Certificates that should have been renewed: 1." in page
    assert "Renewals that are late" in page
    assert "late.customer.com" in page


async def test_webhooks_in_trouble_and_their_dead_deliveries_are_listed(
    browser: Browser, owner: Client, context: Context
) -> None:
    webhook = await added(owner)
    await domain(owner)
    await given_up(context, webhook["id"])
    await let_fail(context, webhook["id"])
    page = await read(browser)
    assert "Webhooks that fail: 1." in page
    assert f"{webhook['url']}: 1" in page.replace(" :", ":")
    assert f"{ROOT}/webhooks?webhook={webhook['id']}" in await links_of(browser, "")


async def test_it_is_shown_in_german_too(browser: Browser) -> None:
    answer = await browser.open(f"{ROOT}?lang=de")
    page = answer.body.decode()
    assert "Alles ist in Ordnung" in page
    assert "Am längsten fällig" in page


async def test_an_open_page_asks_for_the_part_that_changes(browser: Browser) -> None:
    answer = await browser.open(ROOT, **{"HX-Request": "true"})
    assert answer.status == 200
    assert b"<html" not in answer.body
    assert b'id="machine"' in answer.body


async def test_what_no_daemon_has_found_yet_is_left_out(browser: Browser, app: Api, context: Context) -> None:
    app.services.overview = OverviewReader(context, app.services.readiness, QUIET_DAEMON, DatabaseGrowth())
    assert "No daemon runs" in await read(browser)
