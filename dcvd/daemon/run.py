"""`dcvd serve`: runs the daemon in the foreground, with its signals, its logs and its exit code."""

import asyncio
import faulthandler
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import structlog
import uvloop

from dcvd.config import ConfigChanges, LoadedConfig, LogConfig, load
from dcvd.daemon.daemon import Daemon
from dcvd.daemon.start_extension import extending_start
from dcvd.daemon.watchdog import feed_watchdog
from dcvd.errors import ConfigError, DatabaseLocked, DatabaseUnusable, DcvdError, DiskFull, StoreError
from dcvd.kit.garbage import settle_garbage_collection
from dcvd.kit.http.server.listen_fds import take_inherited_sockets
from dcvd.kit.logs.configuration import configure_logging, flush_logs
from dcvd.kit.logs.repeated_lines import REPEATED_LINES
from dcvd.kit.notify import Notifier

log = structlog.get_logger(__name__)

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
EXIT_BUSY: Final = 75  # EX_TEMPFAIL: another process holds the database, or the disk is full
EXIT_BAD_CONFIG: Final = 78  # EX_CONFIG, or an unusable database; systemd does not restart after this one
_LOG_FLUSH_TIMEOUT_S: Final = 1.0
SWITCH_INTERVAL_S: Final = 0.0001
"""How long the database's threads wait for a busy loop before each of their steps.

With Python's 5 ms, and with a fifth of a millisecond too, others wait for up to 0.4 s while some clients keep the loop
busy with answers that they do not read. With a fiftieth of a millisecond nobody waits less than with this, and a
change costs 30 % more: the loop and the threads take the interpreter from each other all the time.
"""


def run(path: Path, environ: Mapping[str, str]) -> int:
    """Run until a signal or a failure, and return the exit code; a failure is reported on stderr or in the log."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    _hold_back_reloads()
    # The listings of all folders with packages: 1 MiB, and whatever is imported later reads its own anew.
    sys.path_importer_cache.clear()
    code = _run(path, environ)
    if not flush_logs(_LOG_FLUSH_TIMEOUT_S):
        # Nobody reads the log, and the interpreter would wait for its lock at the end, for ever.
        os._exit(code)
    return code


def _run(path: Path, environ: Mapping[str, str]) -> int:
    try:
        loaded = load(path, environ)
    except ConfigError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)  # noqa: T201  # the log is configured by what could not be read
        return EXIT_BAD_CONFIG
    os.umask(0o077)
    faulthandler.enable()
    _configure_logs(loaded.config.log)
    log.info("config.loaded", path=str(loaded.path), from_environment=list(loaded.from_environment))
    for warning in loaded.warnings:
        log.warning("config.warning", warning=warning)
    try:
        uvloop.run(_serve(loaded, environ))
    except ConfigError as error:
        log.error("daemon.bad_configuration", problems=error.problems)  # noqa: TRY400  # the sentence says it all
        return EXIT_BAD_CONFIG
    except DiskFull as error:
        log.error("daemon.disk_full", error=error.message)  # noqa: TRY400
        return EXIT_BUSY
    except DatabaseLocked as error:
        log.error("daemon.database_locked", error=error.message)  # noqa: TRY400
        return EXIT_BUSY
    except DcvdError as error:
        if isinstance(error, DatabaseUnusable) or isinstance(error.__cause__, DatabaseUnusable):
            # After a restart the daemon would find no file, make an empty one, and have forgotten everybody.
            log.error("daemon.database_unusable", error=error.message)  # noqa: TRY400
            return EXIT_BAD_CONFIG
        log.error("daemon.failed", code=error.code, error=error.message)  # noqa: TRY400
        return EXIT_FAILED
    except Exception:
        log.exception("daemon.failed")
        return EXIT_FAILED
    return EXIT_OK


async def _serve(loaded: LoadedConfig, environ: Mapping[str, str]) -> None:
    notifier = Notifier.from_environment(environ)
    daemon = Daemon(loaded, environ=environ, inherited_sockets=take_inherited_sockets(environ))
    signals = _SignalHandlers(daemon, loaded, environ, notifier)
    signals.install()
    try:
        notifier.notify_status("Starting")
        async with extending_start(notifier, signals.stop_event):
            await daemon.start()
        settle_garbage_collection()
        if not signals.stop_event.is_set():
            notifier.notify_ready()
            notifier.notify_status(f"Serving {', '.join(daemon.urls) or loaded.config.server.socket}")
            if notifier.watchdog_interval_s is not None:
                feeding = feed_watchdog(notifier, notifier.watchdog_interval_s, daemon.moving_parts())
                daemon.supervise("watchdog", feeding)
            signals.allow_reloads()
        await daemon.wait()
    finally:
        _hold_back_reloads()
        notifier.notify_stopping()
        await daemon.stop()


def _hold_back_reloads() -> None:
    """Have the kernel keep a SIGHUP until `allow_reloads`: during a start or a stop there is nothing to reload."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})


class _SignalHandlers:
    """Handles signals: SIGTERM and SIGINT stop in order, a second one at once; SIGHUP reloads once the start is over.

    stop_event: set once a stop was asked for.
    """

    def __init__(self, daemon: Daemon, loaded: LoadedConfig, environ: Mapping[str, str], notifier: Notifier) -> None:
        self._daemon = daemon
        self._path = loaded.path
        self._environ = environ
        self._notifier = notifier
        self.stop_event = asyncio.Event()
        self._records: set[asyncio.Task[None]] = set()

    def install(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, number)

    def allow_reloads(self) -> None:
        """Reload on SIGHUP from now on, at once if one has come meanwhile."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._reload)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})

    def _stop(self, number: signal.Signals) -> None:
        if self.stop_event.is_set():
            log.warning("daemon.forced", signal=number.name)
            flush_logs(_LOG_FLUSH_TIMEOUT_S)
            # Not sys.exit(), which would wait for the database's threads. What was acknowledged is on disk.
            os._exit(EXIT_FAILED)
        self.stop_event.set()
        log.info("daemon.signal", signal=number.name)
        self._daemon.request_stop()

    def _reload(self) -> None:
        self._notifier.notify_reloading()
        try:
            loaded = load(self._path, self._environ)
            changes = self._daemon.reload(loaded)
        except ConfigError as error:
            log.error("daemon.reload_refused", problems=error.problems)  # noqa: TRY400
        else:
            _configure_logs(loaded.config.log)
            log.info(
                "daemon.reloaded",
                taken_over=changes.reloadable,
                needs_restart=changes.needs_restart,
                from_environment=list(loaded.from_environment),
            )
            task = asyncio.create_task(self._complete_reload(changes), name="daemon.complete_reload")
            self._records.add(task)
            task.add_done_callback(self._records.discard)
        self._notifier.notify_ready()

    async def _complete_reload(self, changes: ConfigChanges) -> None:
        try:
            await self._daemon.complete_reload(changes)
        except StoreError as error:
            log.warning("daemon.reload_not_completed", error=error.message)


def _configure_logs(config: LogConfig) -> None:
    json = None if config.format == "auto" else config.format == "json"
    configure_logging(level=config.level, json=json, use_thread=True, repeated_lines=REPEATED_LINES)
