"""Ratios of the benches in their short forms, and the floors that they must not fall through; see `floors.toml`."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.bench import api, delivery, look

_TOLERANCE: Final = 0.7
"""Machines swing, and the best ratio is not always reached."""
_SHORT_FORMS: Final[Mapping[str, Callable[[], Mapping[str, float | int | str]]]] = {
    "api": lambda: api.run(rounds=3, requests=2_000, domains=20_000),
    "delivery": lambda: delivery.compare(rounds=3, deliveries=10_000),
    "look": lambda: look.run(rounds=4),
}


def run() -> dict[str, float | int | str]:
    """The ratios, each as a part of what `floors.toml` says of it. Raises AssertionError for one that is too low."""
    kept = tomllib.loads(Path(__file__).with_name("floors.toml").read_text())
    assert kept.keys() == _SHORT_FORMS.keys(), "each bench with a short form has its floors"
    reached: dict[str, float | int | str] = {}
    too_low = []
    for bench, floors in kept.items():
        figures = _SHORT_FORMS[bench]()
        for name, floor in floors.items():
            ratio = float(figures[name])
            reached[f"{bench}: {name}"] = ratio
            if ratio < _TOLERANCE * floor:
                too_low.append(f"{bench}: {name} is {ratio:.2f}, and was {floor:.2f}")
    assert not too_low, "; ".join(too_low)
    return reached
