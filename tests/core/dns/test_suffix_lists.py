"""The public suffix list, packed: it answers as the package's own does."""

from pathlib import Path

import pytest
from publicsuffixlist import PSLFILE, PublicSuffixList

from dcvd.core.dns.suffix_lists import PackedNames, read_list


@pytest.mark.parametrize("only_icann", [True, False])
def test_a_packed_list_finds_the_same_suffixes(only_icann: bool) -> None:
    packed, own = read_list(only_icann=only_icann), PublicSuffixList(only_icann=only_icann)
    lines = [line.split()[0].lstrip("*.!") for line in Path(PSLFILE).read_text().splitlines() if line[:1].isalnum()]
    names = [*lines, *(line.encode("idna").decode() for line in lines if not line.isascii())]
    assert len(names) > 5000
    for name in names:
        for tried in (name, f"www.{name}", f"a.b.{name}", f"{name}x", name[1:]):
            assert packed.privatesuffix(tried) == own.privatesuffix(tried), tried
            assert packed.is_public(tried) == own.is_public(tried), tried


def test_names_are_found_whole_alone() -> None:
    names = PackedNames(["co.uk", "*.ck", "!www.ck", ""])
    assert all(name in names for name in ("co.uk", "*.ck", "!www.ck", ""))
    assert not any(name in names for name in ("uk", "co", "co.u", "ck", "www.ck", "o.uk"))


def test_nothing_is_in_no_names() -> None:
    assert "com" not in PackedNames([])
    assert "" not in PackedNames([])


def test_the_package_asks_the_packed_names_alone() -> None:
    held = vars(read_list()).values()
    assert any(isinstance(value, PackedNames) for value in held)
    assert not any(isinstance(value, frozenset | set | dict | list) for value in held)
