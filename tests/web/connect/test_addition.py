"""A customer types the name of their domain."""

import pytest

from tests.api.links.test_links import created
from tests.served_app.client import Client
from tests.served_app.stand_ins import FakeObserver
from tests.web.connect.visitor import Visitor, read_text


@pytest.fixture
async def newcomer(owner: Client) -> Visitor:
    link = await created(owner)
    assert link["url"] == f"https://dcv.example.net/connect/new/{link['token']}"
    return Visitor(owner, link["token"])


async def names(owner: Client) -> list[str]:
    return [each["domainName"] for each in (await owner.get("/api/domains")).json["domains"]]


async def test_they_are_asked_for_it(newcomer: Visitor, owner: Client) -> None:
    page = await newcomer.open()
    assert "Connect your domain" in read_text(page)
    assert b'name="domain"' in page.body
    other = await owner.as_bearer(None).get(newcomer.path.replace("/connect/", "/connect/new/"))
    assert "Connect your domain" in read_text(other)


async def test_a_plain_name_is_added_and_the_link_is_for_it_from_then_on(newcomer: Visitor, owner: Client) -> None:
    answer = await newcomer.send("/domain", domain="Www.Customer.com ")
    assert (answer.status, answer.headers["Location"]) == (303, newcomer.path)
    assert await names(owner) == ["www.customer.com"]
    assert "Connect www.customer.com" in read_text(await newcomer.open())
    newest = (await owner.get("/api/audit?action=domain.added")).json["audit"][0]
    assert newest["actor"].startswith("link:link_")
    again = await newcomer.send("/domain", domain="www.customer.com")
    assert again.status == 303
    other = await newcomer.send("/domain", domain="shop.customer.com", confirmed="true")
    assert other.status == 409
    assert await names(owner) == ["www.customer.com"]


async def test_an_address_is_read_and_shown_before_it_is_taken(newcomer: Visitor, owner: Client) -> None:
    asked = await newcomer.send("/domain", domain="https://www.customer.com/shop?x=1")
    assert "We read https://www.customer.com/shop?x=1 as www.customer.com" in read_text(asked)
    assert await names(owner) == []
    assert (await newcomer.send("/domain", domain="www.customer.com", confirmed="true")).status == 303
    assert await names(owner) == ["www.customer.com"]


async def test_for_a_whole_domain_www_is_offered_first(newcomer: Visitor, owner: Client) -> None:
    asked = read_text(await newcomer.send("/domain", domain="customer.com"))
    assert "customer.com is a whole domain" in asked
    assert asked.index("Connect www.customer.com") < asked.index("Connect customer.com")
    assert (await newcomer.send("/domain", domain="customer.com", confirmed="true")).status == 303
    assert await names(owner) == ["customer.com"]


async def test_what_is_no_name_is_told_beside_the_field_and_stays_in_it(newcomer: Visitor, owner: Client) -> None:
    for typed in ("", "a b", "under_score.customer.com", "x" * 400, '"><script>alert(1)</script>'):
        answer = await newcomer.send("/domain", domain=typed)
        assert answer.status == 400
        assert b'aria-invalid="true"' in answer.body
        assert b"<script>alert" not in answer.body
    assert await names(owner) == []


async def test_why_a_name_is_refused_is_said_in_the_language_of_the_page(newcomer: Visitor) -> None:
    for typed, says in (
        ("", "Der Hostname ist leer; geben Sie einen ein, etwa app.customer.com."),
        ("shop.customer.con", "Meinten Sie .com? Dann geben Sie shop.customer.com ein."),
        ("me@customer.com", "ist eine E-Mail-Adresse. Geben Sie nur den Namen ein: customer.com."),
        ("edge.example.net", "edge.example.net gehört zu diesem Dienst selbst"),
    ):
        assert says in read_text(await newcomer.send("/domain?lang=de", domain=typed)), typed


async def test_a_name_whose_domain_is_not_registered_is_doubted(
    newcomer: Visitor, owner: Client, observer: FakeObserver
) -> None:
    observer.sees = {"exists": False, "is_registered": False}
    asked = await newcomer.send("/domain", domain="www.customer.com")
    assert asked.status == 200
    assert "suspended" in read_text(asked)
    assert await names(owner) == []


async def test_a_form_that_is_none_is_refused(newcomer: Visitor, owner: Client) -> None:
    answer = await owner.as_bearer(None).post(
        f"{newcomer.path}/domain", data=b"\xff\xfe", headers={"Content-Type": "x/y"}
    )
    assert answer.status == 400
    assert "load the page again" in read_text(answer)
