"""`python -m tests.bench NAME [--json] [--size N] [--minutes N]`: measures a part against a limit in the same run."""

import argparse
import json
import sys
from collections.abc import Callable
from typing import Final

from dcvd.kit.logs.configuration import configure_logging
from tests.bench import (
    api,
    audit,
    bulk,
    dashboard,
    delivery,
    floors,
    idle,
    life,
    look,
    pages,
    scrape,
    store,
    sweep,
    sync,
)
from tests.bench.peers import running as peers
from tests.bench.soak import running as soak

Figures = dict[str, float | int | str]

_BENCHES: Final[dict[str, Callable[[], Figures]]] = {
    "store": store.run,
    "api": api.run,
    "audit": audit.run,
    "bulk": bulk.run,
    "life": life.run,
    "look": look.run,
    "delivery": delivery.run,
    "peers": peers.run,
    "idle": idle.run,
    "sync": sync.run,
    "sweep": sweep.run,
    "scrape": scrape.run,
    "pages": pages.run,
    "dashboard": dashboard.run,
    "floors": floors.run,
}


def main(arguments: list[str]) -> int:
    """Runs the named bench; returns the exit code, which is 1 for a soak with a fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("name", choices=[*_BENCHES, "soak"])
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--size", type=int, choices=sweep.SIZES, help="of sync: this number of domains alone; of sweep: up to this one"
    )
    parser.add_argument("--minutes", type=float, default=30, help="of soak: how long it takes")
    parser.add_argument("--seed", type=int, help="of soak: that of an earlier one")
    asked = parser.parse_args(arguments)
    if asked.name == "soak":
        configure_logging(level="error")
        outcome = soak.run(asked.minutes, asked.seed)
        print(soak.show(outcome, as_json=asked.json))
        return 0 if outcome.is_well else 1
    configure_logging(level="error")
    figures = _run(asked.name, asked.size)
    if asked.json:
        print(json.dumps(figures))
        return 0
    width = max(map(len, figures))
    for name, value in figures.items():
        print(f"{name:<{width}}  {value:,.2f}" if isinstance(value, float) else f"{name:<{width}}  {value}")
    return 0


def _run(name: str, size: int | None) -> Figures:
    if size is not None and name == "sync":
        return sync.run((size,))
    if size is not None and name == "sweep":
        return sweep.run([each for each in sweep.SIZES if each <= size])
    return _BENCHES[name]()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
