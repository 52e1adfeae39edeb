"""Reading lists of all organizations."""

from typing import Any

from tests.served_app.client import Client


async def read(operator: Client, path: str) -> list[dict[str, Any]]:
    """The items of one page below `/operator/all`."""
    answer = await operator.get(f"/operator/all{path}")
    assert answer.status == 200, answer.body
    member = next(name for name in answer.json if name not in ("nextCursor", "hasMore"))
    items: list[dict[str, Any]] = answer.json[member]
    return items


async def read_by_pages(operator: Client, path: str, limit: int = 1) -> list[list[str]]:
    """The ids of all pages of a list."""
    pages: list[list[str]] = []
    cursor = ""
    while True:
        separator = "&" if "?" in path else "?"
        answer = await operator.get(f"/operator/all{path}{separator}limit={limit}{cursor}")
        assert answer.status == 200, answer.body
        member = next(name for name in answer.json if name != "nextCursor")
        pages.append([item["id"] for item in answer.json[member]])
        if answer.json["nextCursor"] is None:
            return pages
        cursor = f"&cursor={answer.json['nextCursor']}"
