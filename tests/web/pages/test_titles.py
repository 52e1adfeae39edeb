"""The titles of pages, by which people tell tabs apart."""

import re
from pathlib import Path

import dcvd

FOLDER = Path(dcvd.__file__).parent / "web" / "templates" / "dashboard"


def test_the_title_of_a_page_begins_with_what_it_shows_and_not_with_whose_it_is() -> None:
    titles = {
        path.name: match[1]
        for path in FOLDER.rglob("*.html")
        if (match := re.search(r"{% block title %}(.*?){% endblock %}", path.read_text()))
    }
    assert len(titles) > 10
    assert [
        name for name, title in titles.items() if re.match(r"{{ (organization|t\('operator_title'\)) }} ", title)
    ] == []
