"""Answers of a hostile receiver, and what dcvd and three other clients say of them."""

import shutil
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from tests.kit.egress.grammar.judging import LOOPS, judge
from tests.kit.egress.grammar.references import PROGRAMS
from tests.kit.receivers import open_sockets

_ANSWERS: Final = 10_000
_MANY: Final = 2_000
_MOST_EXEMPT: Final = 0.02  # of all verdicts; more would be a rule of its own


@pytest.mark.sweep
@pytest.mark.timeout(900)
def test_no_verdict_is_wrong_and_nothing_is_stuck_after_ten_thousand_hostile_answers(tmp_path: Path) -> None:
    for program in PROGRAMS:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed, and dcvd's verdicts are held to it")
    before = open_sockets()
    judged = judge(1, _ANSWERS, tmp_path)
    print(judged)
    assert list(judged.wrong.values()) == []
    assert len(judged.opinions) == _ANSWERS * len(LOOPS)
    assert len(judged.exemptions) < _MOST_EXEMPT * len(judged.opinions)
    told = Counter(judged.opinions.values())
    assert told["curl True, Go True, aiohttp True, dcvd True"] > _MANY
    assert told["curl False, Go False, aiohttp False, dcvd False"] > _MANY
    assert open_sockets() == before
