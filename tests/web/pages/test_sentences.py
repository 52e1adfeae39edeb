"""What pages do with sentences that programs get too."""

from dcvd.web.pages.engine import mark_sentence


def test_an_instant_in_a_sentence_is_a_time_that_browsers_show_in_their_own_zone() -> None:
    marked = mark_sentence("It works until 2027-02-27T21:48:04Z, and since 2026-01-15T10:30:00.250Z.")
    assert marked == (
        'It works until <time datetime="2027-02-27T21:48:04Z" title="2027-02-27 21:48 UTC" data-local>'
        "2027-02-27 21:48 UTC</time>, and since "
        '<time datetime="2026-01-15T10:30:00.250Z" title="2026-01-15 10:30 UTC" data-local>2026-01-15 10:30 UTC</time>.'
    )


def test_what_only_looks_like_one_stays_text_as_does_what_is_code() -> None:
    assert mark_sentence("At 2027-99-99T99:99:99Z <b>.") == "At 2027-99-99T99:99:99Z &lt;b&gt;."
    assert mark_sentence("Type `2027-02-27T21:48:04Z`.") == "Type <code>2027-02-27T21:48:04Z</code>."
