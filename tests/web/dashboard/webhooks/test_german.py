"""In German, pages of webhooks have nothing in English but what was recorded in it, which they mark."""

import re
from typing import Any

from dcvd.core.http.exchanges import FailureReason
from dcvd.core.webhooks.deliveries import AttemptOutcome
from dcvd.services.context import Context
from dcvd.services.webhooks.endpoints import DROPPED_WHEN_ENABLED
from tests.api.webhooks.owed import added, domain, given_up, listed, tried
from tests.served_app.client import Answer, Client
from tests.served_app.stand_ins import FakeProber
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import Browser

EXPIRED = "No trusted TLS connection to hooks.customer.com: its certificate expired on 2026-11-01."


def in_english(answer: Answer) -> list[str]:
    """What a page marks as English."""
    return re.findall(r'lang="en"[^>]*>([^<]*)<', answer.body.decode())


async def open_german(browser: Browser, path: str) -> Answer:
    answer = await browser.open(f"{path}?lang=de")
    assert answer.status == 200, answer.body
    return answer


async def test_a_delivery_that_was_refused_is_explained_in_german(
    owner_browser: Browser, owner: Client, context: Context
) -> None:
    webhook = await added(owner)
    await domain(owner)
    [due] = await tried(context, webhook["id"], 418, response_body=b"")
    answer = await open_german(owner_browser, f"/dashboard/deliveries/{due.id}")
    text = read_text(answer)
    assert "hooks.customer.com antwortete mit 418 I'm a Teapot. Der nächste Versuch ist fällig: 2027-01-15" in text
    assert "warum er das abgewiesen hat ( 2027-01-15 08:00 UTC ), und antworten Sie" in text
    assert not re.search(r"\d\dT\d\d:", text.partition("Inhalt")[0]), "instants are as pages show them"
    assert in_english(answer) == []


async def test_every_attempt_is_explained_in_german_and_its_step_stands_where_german_wants_it(
    owner_browser: Browser, owner: Client, context: Context
) -> None:
    webhook = await added(owner)
    await domain(owner)
    [due] = await given_up(context, webhook["id"])
    answer = await open_german(owner_browser, f"/dashboard/deliveries/{due.id}")
    assert f'wird sie mit „<a href="/dashboard/deliveries/{due.id}">Erneut senden</a>“ noch' in answer.body.decode()
    assert in_english(answer) == []


async def test_a_record_that_says_more_is_quoted_as_english(
    owner_browser: Browser, owner: Client, context: Context
) -> None:
    webhook = await added(owner)
    await domain(owner)
    facts: dict[str, Any] = {
        "outcome": AttemptOutcome.TLS, "reason": FailureReason.CERTIFICATE_EXPIRED, "status_code": None,
        "error": EXPIRED, "response_body": b"", "response_headers": {},
    }  # fmt: skip
    [due] = await tried(context, webhook["id"], 500, **facts)
    answer = await open_german(owner_browser, f"/dashboard/deliveries/{due.id}")
    assert f"Das Zertifikat ist abgelaufen. {EXPIRED} Der nächste Versuch" in read_text(answer)
    assert in_english(answer) == [EXPIRED]


async def test_why_a_delivery_was_dropped_is_quoted_and_how_it_is_sent_is_not(
    owner_browser: Browser, owner: Client
) -> None:
    webhook = await added(owner)
    await owner.patch(f"/api/webhooks/{webhook['id']}", {"enabled": False})
    await domain(owner)
    [delivery] = await listed(owner)
    path = f"/dashboard/deliveries/{delivery['id']}"
    held = await open_german(owner_browser, path)
    assert "Sie ist aufgehoben, weil ihr Endpunkt abgeschaltet ist: Ihre Organisation hat ihn" in read_text(held)
    assert "Mit „ Den Endpunkt einschalten “ wird sie gesendet." in read_text(held)
    assert in_english(held) == []
    await owner.patch(f"/api/webhooks/{webhook['id']}", {"enabled": True, "replay": "none"})
    dropped = await open_german(owner_browser, path)
    assert f"Sie wurde verworfen. {DROPPED_WHEN_ENABLED} Was zu tun ist: Mit „" in read_text(dropped)
    assert in_english(dropped) == [DROPPED_WHEN_ENABLED]


async def test_a_record_in_the_middle_of_a_sentence_is_marked(
    owner_browser: Browser, owner: Client, context: Context
) -> None:
    webhook = await added(owner)
    await domain(owner)
    [due] = await tried(context, webhook["id"], 204, body_fault="it sent more than 64 KiB")
    answer = await open_german(owner_browser, f"/dashboard/deliveries/{due.id}")
    said = 'antwortete mit 204 No Content (zum Inhalt: <span lang="en">it sent more than 64 KiB</span>), nach 10 ms.'
    assert said in answer.body.decode()
    english = (await owner_browser.open(f"/dashboard/deliveries/{due.id}?lang=en")).body.decode()
    assert "answered 204 No Content (it sent more than 64 KiB) in 10 ms." in english


async def test_an_endpoint_that_refuses_a_type_and_surprises_is_described_in_german(
    owner_browser: Browser, owner: Client, context: Context
) -> None:
    webhook = await added(owner, headers={"X_Key": "s3cret"})
    for name in ("a.customer.com", "b.customer.com", "c.customer.com"):
        await domain(owner, name)
    await tried(context, webhook["id"], 422, response_body=b"unknown type", error=None)
    answer = await open_german(owner_browser, f"/dashboard/webhooks/{webhook['id']}")
    text = read_text(answer)
    assert "Lassen Sie den Empfänger domain.added annehmen" in text
    assert "Der Header X_Key hat einen Unterstrich im Namen" in text
    assert in_english(answer) == ["unknown type"]


async def test_the_test_of_a_receiver_is_reported_in_german(
    owner_browser: Browser, owner: Client, prober: FakeProber
) -> None:
    path = f"/dashboard/webhooks/{(await added(owner))['id']}"
    form = await owner_browser.find_form(f"{path}/conformance", on=path)
    for status, summary in (
        (None, "besteht die Prüfung nicht: Er nimmt eine gefälschte Signatur an, nimmt einen alten Zeitstempel an."),
        (
            401,
            "Er nimmt richtig Signiertes nicht an. Nicht zu entscheiden: zweimal gesendet, gefälschte",
        ),
    ):
        prober.fails_with = status
        answer = await owner_browser.send(f"{path}/conformance?lang=de", form)
        assert summary in read_text(answer)
        assert in_english(answer) == []
