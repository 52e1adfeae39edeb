import errno
from pathlib import Path

import pytest

from dcvd.kit.paths import follow_links


def test_links_are_followed_also_to_where_nothing_is(tmp_path: Path) -> None:
    link, second = tmp_path / "link", tmp_path / "second"
    link.symlink_to(second)
    second.symlink_to("directory/../missing.db")
    assert follow_links(link) == tmp_path.resolve() / "missing.db"
    assert follow_links(tmp_path / "no directory" / "missing.db").name == "missing.db"


@pytest.mark.parametrize("below", ["", "dcvd.db"], ids=["itself", "a directory above"])
def test_a_link_that_leads_to_itself_is_refused_by_every_release_of_python(tmp_path: Path, below: str) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(tmp_path / "other")
    (tmp_path / "other").symlink_to(loop)
    with pytest.raises(OSError, match="loop") as caught:
        follow_links(loop / below)
    assert caught.value.errno == errno.ELOOP
