"""dcvd's pool and its peers in turns, against one sink: 20,000 deliveries that were stored before.

Needs node, redis-server and postgresql, and in DCVD_PEERS a `node_modules` with `bullmq` and `pg-boss`.
"""

import subprocess
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

import msgspec

from tests.bench.delivery import open_sink, run_side
from tests.bench.peers.servers import find_missing, postgresql, redis

_ROUNDS: Final = 5
_DELIVERIES: Final = 20_000
_PEERS: Final[dict[str, tuple[str, Callable[[Path], AbstractContextManager[int]]]]] = {
    "BullMQ, fsync each second": ("bullmq.mjs", partial(redis, fsync="everysec")),
    "BullMQ, fsync always": ("bullmq.mjs", partial(redis, fsync="always")),
    "pg-boss": ("pg_boss.mjs", postgresql),
}


def run() -> dict[str, float | int | str]:
    """Least, median and most of each side's deliveries a second, and dcvd's share of the best peer's."""
    missing = find_missing()
    if missing:
        raise SystemExit(f"The peers need {', '.join(missing)}.")
    rates: dict[str, list[float]] = {name: [] for name in ("dcvd", "bare loop", *_PEERS)}
    with open_sink() as url:
        for _ in range(_ROUNDS):
            for name, rate in _run_round(url).items():
                rates[name].append(rate)
    figures: dict[str, float | int | str] = {"deliveries": _DELIVERIES, "rounds": _ROUNDS}
    for name, measured in rates.items():
        figures[f"{name}: least a second"] = min(measured)
        figures[f"{name}: a second"] = median(measured)
        figures[f"{name}: most a second"] = max(measured)
    best = max((median(rates[name]), name) for name in _PEERS)[1]
    figures["best peer"] = best
    figures["ratio to the best peer"] = median(
        ours / theirs for ours, theirs in zip(rates["dcvd"], rates[best], strict=True)
    )
    return figures


def _run_round(url: str) -> dict[str, float]:
    rates = {}
    with tempfile.TemporaryDirectory() as directory:
        database = Path(directory) / "dcvd.db"
        run_side("fill", database, url, _DELIVERIES)
        rates["dcvd"] = run_side("ours", database, url, _DELIVERIES)["rate"]
        rates["bare loop"] = run_side("bare", database, url, _DELIVERIES)["rate"]
    for name, (script, serve) in _PEERS.items():
        with tempfile.TemporaryDirectory() as directory:
            home = Path(directory) / "server"
            home.mkdir()
            with serve(home) as port:
                rates[name] = _run_peer(script, url, port)["rate"]
    return rates


def _run_peer(script: str, url: str, port: int) -> dict[str, Any]:
    command: list[str | Path] = ["node", Path(__file__).with_name(script), url, str(_DELIVERIES), str(port)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=600)
    figures: dict[str, Any] = msgspec.json.decode(done.stdout)
    return figures
