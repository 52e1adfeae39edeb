"""How many examples a property test tries: few in the suite, many with `--hypothesis-profile=long`.

Both try the same examples at each run, so that no change is refused for what another change did.
`--hypothesis-profile=search` tries many new ones: run it by hand, and add what it finds to the tests.
No example has a deadline: a busy machine is no fault of what is tested.
"""

from typing import Any

from hypothesis import settings

settings.register_profile("suite", deadline=None, max_examples=12, derandomize=True)
settings.register_profile("long", deadline=None, max_examples=300, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile("suite")


def examples(times: float, **options: Any) -> settings:
    """The settings of a test that tries so many times the examples of others; `options` are hypothesis's own."""
    return settings(max_examples=max(1, round(times * settings().max_examples)), **options)
