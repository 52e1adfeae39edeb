"""Whoever misspelt a name is told which one is near."""

from dcvd.core.near_names import find_near, refuse_unknown, suggest


def test_a_near_name_is_suggested_whatever_its_case() -> None:
    for given in ("fleet", "Flet", "FLEET"):
        assert suggest(given, ["Fleet", "Acme"]) == " Did you mean 'Fleet'?"
    assert suggest("zzz", ["Fleet", "Acme"]) == ""
    assert find_near("cname_mising", ["cname_missing", "moved"]) == ["cname_missing"]


def test_few_names_are_listed_and_of_many_the_near_ones() -> None:
    assert refuse_unknown("role", "god", ["member", "admin"]) == "role is 'god', which is none of: member, admin."
    many = [f"code_{number}" for number in range(60)]
    told = refuse_unknown("finding", "code_7x", many)
    assert told.startswith("finding is 'code_7x', which is none of the 60 that there are. Did you mean 'code_7'")
