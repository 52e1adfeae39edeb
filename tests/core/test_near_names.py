"""Whoever misspelt a name is told which one is near."""

from dcvd.core.near_names import find_near, suggest


def test_a_near_name_is_suggested_whatever_its_case() -> None:
    for given in ("fleet", "Flet", "FLEET"):
        assert suggest(given, ["Fleet", "Acme"]) == " Did you mean 'Fleet'?"
    assert suggest("zzz", ["Fleet", "Acme"]) == ""
    assert find_near("cname_mising", ["cname_missing", "moved"]) == ["cname_missing"]
