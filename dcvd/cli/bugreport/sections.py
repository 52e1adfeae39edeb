"""The sections of a report. What cannot be had is said in its section, and keeps nothing else out of the report."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from dcvd.cli.configuration.commands import find_configuration
from dcvd.cli.configuration.text import format_configuration
from dcvd.cli.database.check import find_faults
from dcvd.cli.operations import Operations, perform
from dcvd.cli.setup.doctor import examine
from dcvd.cli.setup.findings import LABELS
from dcvd.cli.setup.running_unit import SERVICE, is_systemd_running
from dcvd.cli.version import find_versions
from dcvd.config import Config, load
from dcvd.errors import ConfigError, DcvdError
from dcvd.store.counts import list_backlogs, list_domain_counts
from dcvd.store.engine.read_only import open_snapshot
from dcvd.store.organizations import organizations

LOG_LINES: Final = 1000
_LARGEST_LOG: Final = 1 << 20  # bytes
_JOURNAL_TIMEOUT_S: Final = 30.0
_CALLS: Final = {
    "readiness": ("/ready", {}),
    "status": ("/operator/status", {}),
    "dead jobs": ("/operator/all/jobs", {"status": "dead", "limit": "50"}),
    "pending jobs": ("/operator/all/jobs", {"status": "pending", "limit": "50"}),
    "dead deliveries": ("/operator/all/deliveries", {"status": "dead", "limit": "50"}),
    "pending deliveries": ("/operator/all/deliveries", {"status": "pending", "limit": "50"}),
}


class Section(Struct, frozen=True):
    """A part of the report. `is_our_own`: it holds nothing but facts of this program, so nothing is taken out."""

    title: str
    text: str
    is_our_own: bool = False


def gather_sections(config: Path, log: Path | None) -> Iterator[Section]:
    """Gather all sections, one after the other."""
    yield Section("versions", _try(lambda: _format(find_versions(config))), is_our_own=True)
    yield Section("configuration", _try(lambda: format_configuration(find_configuration(config))))
    yield Section("doctor", _try(lambda: _run_doctor(config)))
    for title, text in _call_api(config).items():
        yield Section(title, text)
    yield Section("database", _try(lambda: _describe_database(_load(config).database.path)))
    yield Section("check", _try(lambda: _format(find_faults(_load(config)))))
    yield Section("log", _try(lambda: _read_log(log)))


def list_organization_names(config: Path) -> list[str] | None:
    """List the names of all organizations, from the database itself; None where it cannot be read."""
    try:
        with open_snapshot(_load(config).database.path) as snapshot:
            return [organization.name for organization in organizations.list_all(snapshot)]
    except (DcvdError, OSError):
        pass
    try:
        found = perform(config, lambda operations: operations.list_organizations())
    except (DcvdError, OSError):
        return None
    return [organization.name for organization in found]


def _try(gather: Callable[[], str]) -> str:
    try:
        return gather()
    except ConfigError as error:
        return "\n".join(["This could not be had:", *error.problems])
    except Exception as error:  # noqa: BLE001  # a report about a fault is needed most where something is broken
        return f"This could not be had: {type(error).__name__}: {error}"


def _format(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _load(config: Path) -> Config:
    return load(config, os.environ, need_cloudflare=False).config


def _run_doctor(config: Path) -> str:
    return "\n".join(f"{LABELS[finding.status]}  {finding.part}: {finding.message}" for finding in examine(config))


def _call_api(config: Path) -> Mapping[str, str]:
    """Ask the daemon, or the database where none runs, and return the answers by their titles."""
    answers: dict[str, str] = {}

    async def work(operations: Operations) -> None:
        for title, (path, query) in _CALLS.items():
            try:
                answers[title] = msgspec.json.format(
                    await operations.exchange("GET", path, query=query), indent=2
                ).decode()
            except (DcvdError, msgspec.DecodeError, TimeoutError) as error:
                answers[title] = f"This could not be had: {error}"

    # What fails is in the answers; lines of a log would stand between the sentences of the command.
    failure = _try(lambda: str(perform(config, work, log=StringIO())))
    return {title: answers.get(title, failure) for title in _CALLS}


def _describe_database(path: Path) -> str:
    files = {each.name: each.stat().st_size for each in sorted(path.parent.glob(f"{path.name}*")) if each.is_file()}
    with open_snapshot(path) as snapshot:
        return _format(
            {
                "path": str(path),
                "bytes": files,
                "organizations": len(organizations.list_all(snapshot)),
                "domains": list_domain_counts(snapshot),
                "deliveries": list_backlogs(snapshot),
            }
        )


def _read_log(log: Path | None) -> str:
    """Read the end of a log file, else of the unit's journal."""
    if log is not None:
        with log.open("rb") as file:
            file.seek(max(log.stat().st_size - _LARGEST_LOG, 0))
            lines = file.read(_LARGEST_LOG).decode(errors="replace").splitlines()
        return "\n".join(lines[-LOG_LINES:])
    program = shutil.which("journalctl")
    if program is None or not is_systemd_running():
        return "There is no journal here; --log FILE takes the end of a log file."
    done = subprocess.run(  # noqa: S603  # its arguments are our own
        [program, f"--unit={SERVICE}", f"--lines={LOG_LINES}", "--no-pager", "--output=cat"],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=_JOURNAL_TIMEOUT_S,
    )
    return (done.stdout or done.stderr)[-_LARGEST_LOG:]
