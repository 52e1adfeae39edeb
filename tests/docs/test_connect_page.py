"""The page that is shown in docs/connect-page.md uses connect.js as it is. A browser runs it in tests/web/browser."""

import re

from tests.docs.markdown import ROOT, pages

SCRIPT = (ROOT / "dcvd/web/assets/connect.js").read_text()
(PAGE,) = [page for page in pages() if page.name == "docs/connect-page.md"]
TEXT = PAGE.path.read_text()


def test_each_attribute_and_event_of_the_page_is_one_of_the_script_and_the_other_way_round() -> None:
    (read,) = re.findall(r"const \{ ([^}]*) \} = script\.dataset", SCRIPT)
    assert set(re.findall(r"`data-(\w+)`", TEXT)) == set(read.split(", "))
    assert set(re.findall(r"`dcvd:(\w+)`", TEXT)) == set(re.findall(r'tell\("(\w+)"', SCRIPT))
    (block,) = [block.text for block in PAGE.blocks if block.language == "html"]
    assert set(re.findall(r" data-(\w+)=", block)) <= set(read.split(", "))
