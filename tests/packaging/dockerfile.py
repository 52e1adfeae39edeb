"""Reads a Dockerfile, as far as ours goes."""

import json
import re

from msgspec import Struct


class Instruction(Struct, frozen=True):
    """`word` in capitals, and what follows it on the line, or on lines that a backslash continues."""

    word: str
    rest: str

    def read_list(self) -> list[str]:
        """The words of the JSON form. Raises ValueError for the form of a shell."""
        words = json.loads(self.rest[self.rest.index("[") :])
        return [str(word) for word in words]


class Stage(Struct, frozen=True):
    """What stands between a FROM and the next; `name` is empty for one that has none."""

    base: str
    name: str
    instructions: list[Instruction]

    def list_of(self, word: str) -> list[Instruction]:
        return [each for each in self.instructions if each.word == word]

    def last(self, word: str) -> Instruction:
        return self.list_of(word)[-1]


def read_dockerfile(text: str) -> list[Stage]:
    """The stages in their order."""
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    stages: list[Stage] = []
    for line in lines.replace("\\\n", " ").splitlines():
        if not line.strip():
            continue
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            stages.append(Stage(base, name, []))
        else:
            stages[-1].instructions.append(Instruction(word, re.sub(r"\s+", " ", rest.strip())))
    return stages
