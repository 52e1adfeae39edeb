"""Whoever gives a name that there is not is told which ones there are, or which one is near."""

from dcvd.core.unknown_names import ask_whether_meant, refuse_unknown


def test_few_names_are_listed_and_of_many_the_near_ones() -> None:
    few = refuse_unknown("role", "god", ["member", "admin"])
    assert few.english == "role is 'god', which is none of: member, admin."
    many = [f"code_{number}" for number in range(60)]
    told = refuse_unknown("finding", "code_7x", many)
    assert told.english.startswith(
        "finding is 'code_7x', which is none of the 60 that there are. Did you mean 'code_7'"
    )
    assert told.render("de").startswith(
        "finding ist 'code_7x', und das ist nichts von den 60, die es gibt. Meinten Sie"
    )


def test_as_many_names_as_are_near_are_asked_about() -> None:
    assert ask_whether_meant("zzz", ["Fleet", "Acme"]) is None
    for known, question in (
        (["Fleet"], "Did you mean 'Fleet'?"),
        (["Fleet", "Fleets"], "Did you mean 'Fleet' or 'Fleets'?"),
        (["Fleet", "Fleets", "Fleetly"], "Did you mean 'Fleet' or 'Fleets' or 'Fleetly'?"),
    ):
        asked = ask_whether_meant("fleet", known)
        assert asked is not None
        assert asked.english == question
