"""Three other clients, and what each says of an answer: whether it got a status of success."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

_TIMEOUT_S: Final = 8.0  # for each answer; on a busy machine one that is quick may need some of it
PROGRAMS: Final = ("curl", "go")
_HERE: Final = Path(__file__).parent
_ROOT: Final = _HERE.parents[3]
_BATCH: Final = 60
_CURLS: Final = 6
_ABORTED: Final = "42"
_CURL_CONFIG: Final = f"""
data = "{{}}"
max-time = {_TIMEOUT_S}
http0.9
include
write-out = "%{{url_effective}} %{{response_code}} %{{size_header}} %{{exitcode}}\\n"
"""

Verdicts = Mapping[str, bool]
"""Of each URL whether a status of success was got from it."""


def is_success(status: int) -> bool:
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


class References:
    """The three clients; `folder` is for what they write."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._go = folder / "client"
        subprocess.run(
            ["go", "build", "-o", self._go, _HERE / "client.go"],
            check=True,
            env={"HOME": str(folder), "PATH": _find_path(), "GO111MODULE": "off", "GOFLAGS": ""},
        )

    def ask_all(self, urls: Sequence[str]) -> dict[str, Verdicts]:
        """What each client says, by its name; all three at the same time.

        It is quicker where those that have no end stand side by side: a process of curl's waits for its slowest.
        """
        ways: dict[str, Callable[[Sequence[str]], Verdicts]] = {
            "curl": self._ask_curl,
            "Go": lambda urls: _ask(urls, str(self._go), f"{_TIMEOUT_S}s"),
            "aiohttp": lambda urls: _ask(
                urls, sys.executable, "-m", "tests.kit.egress.grammar.aiohttp_client", str(_TIMEOUT_S)
            ),
        }
        with ThreadPoolExecutor() as threads:
            asked = {name: threads.submit(way, urls) for name, way in ways.items()}
            return {name: future.result() for name, future in asked.items()}

    def _ask_curl(self, urls: Sequence[str]) -> Verdicts:
        verdicts: dict[str, bool] = {}
        left = list(urls)
        with ThreadPoolExecutor(_CURLS) as threads:
            while left:
                batches = [left[start : start + _BATCH] for start in range(0, len(left), _BATCH)]
                for told in threads.map(self._run_curl, batches):
                    verdicts |= told
                # Some answers are taken for a fault of curl's own, and end what else it does.
                still_left = [url for url in left if url not in verdicts]
                assert len(still_left) < len(left), "curl says nothing of any answer"
                left = still_left
        return verdicts

    def _run_curl(self, urls: Sequence[str]) -> Verdicts:
        """What one process says; of some answers perhaps nothing."""
        with TemporaryDirectory(dir=self._folder) as folder:
            files = {url: Path(folder, str(number)) for number, url in enumerate(urls)}
            said = subprocess.run(
                ["curl", "--disable", "--silent", "--parallel", "--parallel-max", str(_BATCH), "--config", "-"],
                input=_CURL_CONFIG + "".join(f'url = "{url}"\noutput = "{file}"\n' for url, file in files.items()),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                check=False,  # it fails where any of the answers is at fault
            ).stdout
            told = [line.split() for line in said.splitlines()]
            # curl knows a status as soon as its line is there; the others at the end of the head.
            return {
                url: is_success(int(status)) and _is_whole_head(files[url], int(length))
                for url, status, length, exit_code in told
                if exit_code != _ABORTED
            }


def _is_whole_head(file: Path, length: int) -> bool:
    """Whether the first bytes of a file are a head that has its end."""
    return file.exists() and file.read_bytes()[:length].endswith((b"\n\r\n", b"\n\n"))


def _ask(urls: Sequence[str], *command: str) -> Verdicts:
    said = subprocess.run(
        command, input="".join(f"{url}\n" for url in urls), stdout=subprocess.PIPE, text=True, check=True, cwd=_ROOT
    ).stdout
    return {url: is_success(int(status)) for url, status in map(str.split, said.splitlines())}


def _find_path() -> str:
    found = shutil.which("go")
    assert found is not None
    return f"{Path(found).parent}:/usr/bin:/bin"
