"""Examine the units of systemd."""

from typing import Final

from dcvd.cli.setup.findings import Finding
from dcvd.cli.setup.running_unit import BACKUP_TIMER, SERVICE, SOCKET, read_properties
from dcvd.core.numbers import count

_MANY_RESTARTS: Final = 5
_NEVER: Final = frozenset({"", "0", "infinity", "n/a"})


def examine_units() -> list[Finding]:
    """Examine the service, its socket, and the timer of backups."""
    return [_examine_unit(unit) for unit in (SERVICE, SOCKET, BACKUP_TIMER)]


def _examine_unit(unit: str) -> Finding:
    shown = read_properties(
        unit,
        "LoadState",
        "ActiveState",
        "SubState",
        "UnitFileState",
        "ExecMainStatus",
        "NRestarts",
        "WatchdogUSec",
        "LastTriggerUSec",
        "NextElapseUSecRealtime",
    )
    if shown.get("LoadState") != "loaded":
        return Finding(unit, "failing", "systemd does not know it: run dcvd install.")
    enabled = shown.get("UnitFileState") or "not enabled"
    state = f"{shown.get('ActiveState')} ({shown.get('SubState')}), {enabled}"
    if shown.get("ActiveState") != "active":
        status = shown.get("ExecMainStatus", "0")
        ended = f" It ended with {status}." if status not in ("", "0") else ""
        return Finding(unit, "failing", f"{state}.{ended} journalctl -u {unit} says why.")
    details = " ".join(filter(None, (_describe_watchdog(unit, shown), _describe_timer(unit, shown))))
    restarts = int(shown.get("NRestarts") or 0) if unit == SERVICE else 0
    if restarts >= _MANY_RESTARTS:
        return Finding(
            unit,
            "failing",
            f"{state}. It was restarted {count(restarts, 'time')}: journalctl -u {unit} says why. {details}",
        )
    if enabled in ("disabled", "not enabled") and unit != SERVICE:
        # The socket starts the service; what is not enabled is gone after the next boot.
        return Finding(unit, "failing", f"{state}. After the next boot it is not there: systemctl enable {unit}.")
    again = f" It was restarted {count(restarts, 'time')}." if restarts else ""
    return Finding(unit, "ok", f"{state}.{again} {details}".rstrip())


def _describe_watchdog(unit: str, shown: dict[str, str]) -> str:
    if unit != SERVICE:
        return ""
    watchdog = shown.get("WatchdogUSec", "")
    return "It has no watchdog: a daemon that hangs stays." if watchdog in _NEVER else f"Its watchdog waits {watchdog}."


def _describe_timer(unit: str, shown: dict[str, str]) -> str:
    if unit != BACKUP_TIMER:
        return ""
    last, following = shown.get("LastTriggerUSec", ""), shown.get("NextElapseUSecRealtime", "")
    ran = "It has not run yet." if last in _NEVER else f"It ran last on {last}."
    return ran if following in _NEVER else f"{ran} It runs next on {following}."
