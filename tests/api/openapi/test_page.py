"""The reference at `/schema`: a page for people that needs nothing but itself."""

import asyncio
import re
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

from dcvd.api.app import Api
from dcvd.api.openapi.document import operations
from dcvd.api.openapi.page import render_page
from dcvd.api.openapi.served import ServedDocuments
from tests.served_app.client import Client


class _Page(HTMLParser):
    """Which elements a page has, what they refer to, and which it leaves open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.anchors: list[str] = []
        self.links: set[str] = set()
        self.sources: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        found = dict(attrs)
        self.anchors += [str(found["id"])] if "id" in found else []
        if "href" in found:
            self.links.add(str(found["href"]))
        self.sources += [name for name in found if name in ("src", "srcset", "data", "style") or name.startswith("on")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


async def test_the_page_runs_nothing_and_loads_nothing(anybody: Client) -> None:
    answer = await anybody.get("/schema")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    page = _Page(answer.body.decode())
    assert page.open == []
    assert not page.names & {"script", "link", "img", "iframe", "object", "form"}
    assert not page.sources
    assert "url(" not in answer.body.decode()
    assert (await anybody.get("/schema/")).body == answer.body


async def test_the_page_has_every_call_every_event_and_every_type(document: dict[str, Any]) -> None:
    text = render_page(document)
    page = _Page(text)
    assert len(set(page.anchors)) == len(page.anchors)
    assert {operation["operationId"] for _, operation in operations(document)} < set(page.anchors)
    assert {f"type-{name}" for name in document["components"]["schemas"]} < set(page.anchors)
    assert {link.removeprefix("#") for link in page.links if link.startswith("#")} < set(page.anchors)
    assert {link for link in page.links if not link.startswith("#")} == {"/schema/openapi.json"}
    for name in document["webhooks"]:
        assert f"<code>{name}</code>" in text


def test_no_text_of_the_document_is_taken_for_markup(document: dict[str, Any]) -> None:
    hostile = document | {"info": {"title": "<script>", "version": "1", "description": "a `<b>` & <i>"}}
    text = render_page(hostile)
    assert "<script>" not in text
    assert re.search(r"a <code>&lt;b&gt;</code> &amp; &lt;i&gt;", text)


async def test_others_have_their_turns_while_it_is_built_once(built_app: Api) -> None:
    documents, turns = ServedDocuments(), 0
    request: Any = SimpleNamespace(app=built_app, scope={"path_template": "/schema"})

    async def count_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.create_task(count_turns())
    gone, *waiting = [asyncio.create_task(documents.find_answer(request)) for _ in range(20)]
    await asyncio.sleep(0)
    gone.cancel()
    first, *others = [answer.content for answer in await asyncio.gather(*waiting) if answer is not None]
    counting.cancel()
    assert turns > 20
    assert first.startswith(b"<!doctype html>")
    assert all(content is first for content in others)
