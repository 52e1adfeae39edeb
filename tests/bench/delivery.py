"""Delivery: dcvd's pool over its real database against a bare loop that signs and posts and stores nothing.

All sides run in processes of their own, alternating, against one sink in another.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

import msgspec

_ROUNDS: Final = 3
_DELIVERIES: Final = 20_000
_BACKLOG: Final = 1_000_000
_SMALL_BACKLOG: Final = 1_000
_LATENCIES: Final = 400


def run() -> dict[str, float | int | str]:
    """Medians of the rounds."""
    compared = compare()
    with tempfile.TemporaryDirectory() as directory, open_sink() as url:
        root = Path(directory)
        latency = run_side("latency", root / "latency.db", url, _LATENCIES)
        beside = run_side("beside_dead", root / "dead.db", url, _LATENCIES)
        small = run_side("bursts", root / "small.db", url, _SMALL_BACKLOG)
        run_side("fill", root / "large.db", url, _BACKLOG)
        large = run_side("ours", root / "large.db", url, _DELIVERIES)
    return {
        **compared,
        "commit to arrival p50 ms": latency["p50_ms"],
        "commit to arrival p99 ms": latency["p99_ms"],
        "p50 ms beside a dead endpoint owed 50,000": beside["p50_ms"],
        "p99 ms beside a dead endpoint owed 50,000": beside["p99_ms"],
        "deliveries/s of a backlog of 1,000": small["rate"],
        "deliveries/s of a backlog of 1,000,000": large["rate"],
        "peak RSS MiB with 1,000,000": large["rss_mib"],
    }


def compare(rounds: int = _ROUNDS, deliveries: int = _DELIVERIES) -> dict[str, float | int | str]:
    """Both sides in turns; medians of the rounds."""
    ours: list[dict[str, float]] = []
    bare: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as directory, open_sink() as url:
        for number in range(rounds):
            database = Path(directory) / f"round{number}.db"
            run_side("fill", database, url, deliveries)
            ours.append(run_side("ours", database, url, deliveries))
            bare.append(run_side("bare", database, url, deliveries))
    return {
        "dcvd deliveries/s": median(side["rate"] for side in ours),
        "bare loop deliveries/s": median(side["rate"] for side in bare),
        "ratio": median(mine["rate"] / theirs["rate"] for mine, theirs in zip(ours, bare, strict=True)),
        "ratio, by CPU": median(theirs["cpu_us"] / mine["cpu_us"] for mine, theirs in zip(ours, bare, strict=True)),
        "dcvd CPU us a delivery": median(side["cpu_us"] for side in ours),
        "bare CPU us a delivery": median(side["cpu_us"] for side in bare),
        "dcvd peak RSS MiB": max(side["rss_mib"] for side in ours),
    }


@contextmanager
def open_sink() -> Iterator[str]:
    """The base URL of a sink in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.sink"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
        process.kill()


def run_side(side: str, database: Path, url: str, count: int) -> dict[str, Any]:
    """The figures of one side, which runs in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.delivery_side", side, str(database), url, str(count)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=600)
    figures: dict[str, Any] = msgspec.json.decode(done.stdout)
    return figures
