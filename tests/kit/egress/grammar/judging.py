"""Play answers to dcvd and to three other clients, and judge dcvd by them.

`python -m tests.kit.egress.grammar.judging SEED COUNT` does it for other answers than the sweep's.
"""

import asyncio
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import uvloop

from tests.kit.egress.grammar.answers import Ending, make_answer
from tests.kit.egress.grammar.asking import ask
from tests.kit.egress.grammar.receiver import build_url, playing_apart
from tests.kit.egress.grammar.references import References
from tests.kit.egress.grammar.verdicts import find_exemption

_CONNECTIONS: Final = 100
LOOPS: Final = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}
_OPEN_S: Final = 3.0
_LONG_S: Final = 30.0
_TRIES: Final = 3
"""How often a verdict has to be wrong: one that was late on a busy machine is none."""


class Judgement(NamedTuple):
    """All about the answer of a number on an event loop: opinions, those of the others and dcvd's.

    exemptions: the names of those that dcvd needed. wrong: verdicts that none allows.
    """

    opinions: dict[tuple[int, str], str]
    exemptions: dict[tuple[int, str], str]
    wrong: dict[tuple[int, str], str]

    def __str__(self) -> str:
        lines = [f"{number:6} {opinion}" for opinion, number in Counter(self.opinions.values()).most_common()]
        lines += [f"{number:6} exempt: {name}" for name, number in Counter(self.exemptions.values()).most_common()]
        return "\n".join([*lines, *self.wrong.values()])


def judge(seed: int, count: int, folder: Path) -> Judgement:
    """Judge dcvd on both event loops by so many answers of a seed; `folder` is for what other programs write."""
    references = References(folder)
    judged = Judgement({}, {}, {})
    numbers = list(range(count))
    with playing_apart(seed) as port:
        for _ in range(_TRIES):
            judged.wrong.clear()
            _judge_once(seed, numbers, port, references, judged)
            numbers = sorted({number for number, _ in judged.wrong})
            if not numbers:
                break
    return judged


def _judge_once(seed: int, numbers: list[int], port: int, references: References, judged: Judgement) -> None:
    answers = [make_answer(seed, number) for number in numbers]
    answers.sort(key=lambda answer: answer.ending is not Ending.STAY)
    urls = {answer: build_url(port, answer.number) for answer in answers}
    theirs = references.ask_all(list(urls.values()))
    timeouts = {url: _OPEN_S if answer.ending is Ending.STAY else _LONG_S for answer, url in urls.items()}
    for loop, factory in LOOPS.items():
        with asyncio.Runner(loop_factory=factory) as runner:
            ours = runner.run(ask(timeouts, _CONNECTIONS))
        for answer, url in urls.items():
            opinions = {name: verdicts[url] for name, verdicts in theirs.items()}
            said = f"{_describe(opinions)}, dcvd {ours[url]}"
            judged.opinions[answer.number, loop] = said
            if ours[url] in opinions.values():
                continue
            exemption = find_exemption(answer, ours[url])
            if exemption is None:
                judged.wrong[answer.number, loop] = f"{said} on {loop}: {answer}"
            else:
                judged.exemptions[answer.number, loop] = exemption


def _describe(opinions: dict[str, bool]) -> str:
    return ", ".join(f"{name} {verdict}" for name, verdict in opinions.items())


if __name__ == "__main__":
    with TemporaryDirectory() as place:
        found = judge(int(sys.argv[1]), int(sys.argv[2]), Path(place))
    print(found)
    sys.exit(bool(found.wrong))
