"""`python -m tests.bench NAME [--json]`: measures a part against a limit in the same run."""

import json
import sys
from collections.abc import Callable
from typing import Final

from dcvd.kit.logs import configure_logging
from tests.bench import delivery, life, store

Figures = dict[str, float | int | str]

_BENCHES: Final[dict[str, Callable[[], Figures]]] = {
    "store": store.run,
    "life": life.run,
    "delivery": delivery.run,
}


def main(arguments: list[str]) -> int:
    """Runs the named bench; returns the exit code."""
    names = [argument for argument in arguments if not argument.startswith("-")]
    if len(names) != 1 or names[0] not in _BENCHES or set(arguments) - {names[0], "--json"}:
        print(f"usage: python -m tests.bench {{{'|'.join(_BENCHES)}}} [--json]", file=sys.stderr)
        return 2
    configure_logging(level="error")
    figures = _BENCHES[names[0]]()
    if "--json" in arguments:
        print(json.dumps(figures))
        return 0
    width = max(map(len, figures))
    for name, value in figures.items():
        print(f"{name:<{width}}  {value:,.2f}" if isinstance(value, float) else f"{name:<{width}}  {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
