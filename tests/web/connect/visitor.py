"""A customer with a link and a browser that reads HTML and nothing else."""

import re
from html import unescape
from urllib.parse import urlencode

from tests.served_app.client import Answer, Client

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Visitor:
    """Goes to the pages of one link, without any other token."""

    def __init__(self, client: Client, link_token: str) -> None:
        self._client = client.as_bearer(None)
        self.path = f"/connect/{link_token}"

    async def open(self, place: str = "", **headers: str) -> Answer:
        return await self._client.get(f"{self.path}{place}", headers=headers)

    async def send(self, place: str, **fields: str) -> Answer:
        return await self._client.post(f"{self.path}{place}", data=urlencode(fields).encode(), headers=FORM)

    async def send_by_htmx(self, place: str) -> Answer:
        return await self._client.post(f"{self.path}{place}", data=b"", headers={**FORM, "HX-Request": "true"})


def read_text(answer: Answer) -> str:
    """What a person reads of a page."""
    text = re.sub(r"<(style|script)\b.*?</\1>", " ", answer.body.decode(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).split())
