"""Configure one stream of log lines for us and every library: JSON for machines, colours for a terminal."""

import atexit
import json as stdlib_json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import msgspec
import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor, WrappedLogger

from dcvd.kit.logs.anonymous_lines import drop_excess, is_admitted
from dcvd.kit.logs.redaction import redact
from dcvd.kit.logs.repeated_lines import RepeatedLines, build_filter, build_processor
from dcvd.kit.logs.writer import DirectWriter, LineSink, ThreadedWriter

LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
}
# aiosqlite's debug lines hold the parameters of every statement; uvicorn's info lines repeat ours.
_QUIET_LOGGERS: Final = ("aiosqlite", "uvicorn")
_HTTP_SERVER_LOGGER: Final = "uvicorn.error"
_MAX_FRAMES: Final = 50
_EXIT_FLUSH_S: Final = 1.0  # seconds
_writers: Final[list[ThreadedWriter]] = []
_counting: Final[list[RepeatedLines]] = []


def configure_logging(
    *,
    level: str = "info",
    json: bool | None = None,
    stream: TextIO | None = None,
    use_thread: bool = False,
    repeated_lines: RepeatedLines | None = None,
) -> None:
    """Route structlog and the standard library's logging to `stream` (None: standard error), redacted.

    json: None decides by the stream, and gives a terminal coloured lines. use_thread: a thread writes the lines, for a
    program whose event loop must not wait for the log's reader; call `flush_logs` before a forced exit.
    repeated_lines: counts lines that repeat others, which are not written then; None: all are. Raises ValueError for an
    unknown level.
    """
    if level not in LEVELS:
        raise ValueError(f"{level!r} is no log level: use one of {', '.join(LEVELS)}")
    threshold = LEVELS[level]
    target = sys.stderr if stream is None else stream
    renderers = _build_renderers(json=not target.isatty() if json is None else json)
    output: LineSink = _get_threaded_writer(target) if use_thread else DirectWriter(target)
    shared_processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.processors.add_log_level,
        _add_timestamp,
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            shared_processors[0],
            drop_excess,
            *([build_processor(repeated_lines)] if repeated_lines is not None else []),
            *shared_processors[1:],
            *renderers,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=lambda *names: _LineLogger(output, names[0] if names else "dcvd"),
        cache_logger_on_first_use=False,  # a later configuration must reach the loggers of every module
    )
    handler = _LineHandler(output)
    if repeated_lines is not None:
        handler.addFilter(build_filter(repeated_lines))
    _counting[:] = [] if repeated_lines is None else [repeated_lines]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared_processors],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(threshold)
    for name in _QUIET_LOGGERS:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))
    # As the one filter, however often this is called: a second would count each line twice.
    logging.getLogger(_HTTP_SERVER_LOGGER).filters[:] = [is_admitted]
    logging.captureWarnings(capture=True)


def flush_logs(timeout_s: float) -> bool:
    """Wait up to `timeout_s` seconds until the threaded log is written; return False when nobody reads it in time.

    What was gathered until now is written too.
    """
    for repeated_lines in _counting:
        repeated_lines.tell()
    return all(writer.flush(timeout_s) for writer in _writers)


def count_dropped_lines() -> int:
    """Count the lines that were dropped since the start, because nobody read the log in time."""
    return sum(writer.dropped_count for writer in _writers)


def _get_threaded_writer(stream: TextIO) -> ThreadedWriter:
    """Return the writer of a stream: each stream has one thread, even when the logging is configured again."""
    for writer in _writers:
        if writer.stream is stream:
            return writer
    writer = ThreadedWriter(stream)
    if not _writers:
        atexit.register(flush_logs, _EXIT_FLUSH_S)
    _writers.append(writer)
    return writer


class _LineLogger:
    """The end of structlog's chain, which writes a finished line. structlog calls the method named like the level."""

    def __init__(self, output: LineSink, name: str) -> None:
        self._output = output
        self.name = name

    def msg(self, line: str) -> None:
        self._output.write_line(line)

    debug = info = warning = warn = error = exception = critical = fatal = log = msg


class _LineHandler(logging.Handler):
    """Writes the standard library's log records to the same stream."""

    def __init__(self, output: LineSink) -> None:
        super().__init__()
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception as error:  # noqa: BLE001  # a library's broken record (bad % arguments) must not stop its caller
            message = f"log record at {record.pathname}:{record.lineno} cannot be rendered: {type(error).__name__}"
            line = self.format(
                logging.LogRecord(record.name, record.levelno, record.pathname, record.lineno, message, None, None)
            )
        self._output.write_line(line)


def _build_renderers(*, json: bool) -> list[Processor]:
    if json:
        exceptions = structlog.processors.ExceptionRenderer(
            ExceptionDictTransformer(show_locals=False, max_frames=_MAX_FRAMES)
        )
        return [exceptions, _redact_all, _render_json]
    console = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return [structlog.processors.format_exc_info, _redact_all, console]


def _add_timestamp(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    record: logging.LogRecord | None = event.get("_record")
    instant = datetime.now(UTC) if record is None else datetime.fromtimestamp(record.created, UTC)
    event["timestamp"] = instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return event


def _redact_all(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    redacted: EventDict = redact(event)
    return redacted


def _render_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    ordered: dict[str, Any] = {
        "timestamp": event.pop("timestamp", None),
        "level": event.pop("level", None),
        "event": event.pop("event", None),
        **event,
    }
    try:
        return msgspec.json.encode(ordered).decode()
    except (TypeError, ValueError, OverflowError):  # such as an integer beyond 64 bits
        return stdlib_json.dumps(ordered, default=repr)
