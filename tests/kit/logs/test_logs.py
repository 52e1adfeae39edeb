"""Log lines: their form, and that no secret is ever in one."""

import io
import json
import logging
import os
import re
import subprocess
import sys
import threading
import warnings
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.secret import Secret
from dcvd.kit.logs.configuration import configure_logging
from dcvd.kit.logs.redaction import redact, scrub

TOKEN = "dcv_live_" + "0123456789abcdef" * 2
SIGNING = "whsec_" + "QUJD" * 8 + "+/=="


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def parsed(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_stream_that_is_no_terminal_gets_one_json_object_a_line() -> None:
    stream = io.StringIO()
    configure_logging(stream=stream)
    structlog.get_logger("dcvd.sync").info("sync.looked", domains=3, names=["a.example", "b.example"])
    (line,) = parsed(stream)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("timestamp"))
    assert line == {
        "level": "info",
        "event": "sync.looked",
        "logger": "dcvd.sync",
        "domains": 3,
        "names": ["a.example", "b.example"],
    }


def test_a_terminal_gets_coloured_text_with_the_traceback() -> None:
    stream = Terminal()
    configure_logging(stream=stream)
    try:
        raise RuntimeError(f"refused {TOKEN}")
    except RuntimeError:
        structlog.get_logger("dcvd.api").exception("api.failed", secret="hunter2")
    text = stream.getvalue()
    assert "\x1b[" in text
    assert "Traceback (most recent call last)" in text
    assert "RuntimeError: refused [redacted]" in text
    assert TOKEN not in text
    assert "hunter2" not in text


def test_the_librarys_own_loggers_go_through_the_same_form_and_redaction() -> None:
    stream = io.StringIO()
    configure_logging(stream=stream)
    logging.getLogger("aiohttp.server").warning("bad header %s", f"Bearer {TOKEN}")
    logging.getLogger("uvicorn.error").error("broken")
    first, second = parsed(stream)
    assert first["event"] == "bad header [redacted]"
    assert first["logger"] == "aiohttp.server"
    assert first["level"] == "warning"
    assert set(second) == {"timestamp", "level", "event", "logger"}


def test_a_level_hides_what_is_below_it_from_both_kinds_of_logger() -> None:
    stream = io.StringIO()
    configure_logging(level="warning", stream=stream)
    structlog.get_logger("dcvd").info("hidden")
    logging.getLogger("asyncio").info("hidden")
    structlog.get_logger("dcvd").warning("shown")
    assert [line["event"] for line in parsed(stream)] == ["shown"]


def test_the_statements_that_aiosqlite_logs_at_debug_stay_out_even_then() -> None:
    stream = io.StringIO()
    configure_logging(level="debug", stream=stream)
    logging.getLogger("aiosqlite").debug("executing with parameters")
    structlog.get_logger("dcvd").debug("shown")
    assert [line["event"] for line in parsed(stream)] == ["shown"]


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="'loud' is no log level"):
        configure_logging(level="loud")


def test_a_later_configuration_reaches_loggers_that_were_used_before() -> None:
    log = structlog.get_logger("dcvd.old")
    first, second = io.StringIO(), io.StringIO()
    configure_logging(stream=first)
    log.info("one")
    configure_logging(level="error", stream=second)
    log.info("two")
    log.error("three")
    assert [line["event"] for line in parsed(first)] == ["one"]
    assert [line["event"] for line in parsed(second)] == ["three"]


def test_an_exception_in_json_has_its_causes_but_no_local_variable() -> None:
    stream = io.StringIO()
    configure_logging(stream=stream)

    def fails() -> None:
        password = "hunter2"
        try:
            raise ValueError(f"sent with {SIGNING}")
        except ValueError as error:
            raise RuntimeError("delivery failed " + str(len(password))) from error

    try:
        fails()
    except RuntimeError as error:
        structlog.get_logger("dcvd").error("delivery.failed", exc_info=error)
    (line,) = parsed(stream)
    outer, inner = line["exception"]
    assert outer["exc_type"] == "RuntimeError"
    assert inner["exc_value"] == "sent with [redacted]"
    assert inner["is_cause"]
    assert "fails" in {frame["name"] for frame in outer["frames"]}
    assert "hunter2" not in stream.getvalue()
    assert SIGNING not in stream.getvalue()


@pytest.mark.parametrize(
    "facts",
    [
        {"value": Secret(TOKEN)},
        {"value": f"used {TOKEN} twice"},
        {"value": {"deep": [{"deeper": (TOKEN, {SIGNING})}]}},
        {"value": f"Authorization: Bearer {TOKEN}"},
        {"value": f"bearer   {TOKEN}"},
        {"value": TOKEN.encode()},
        {"value": RuntimeError(f"lost {SIGNING}")},
        {"value": [Secret(TOKEN), f"{SIGNING}."]},
        {TOKEN: "as a key"},
        {"authorization": TOKEN[9:]},
        {"headers": {"Authorization": TOKEN[9:], "Cookie": TOKEN[9:]}},
        {"secret": TOKEN[9:]},
        {"api_token": TOKEN[9:]},
        {"apiToken": TOKEN[9:]},
        {"access_token": TOKEN[9:]},
        {"client-secret": TOKEN[9:]},
        {"password": ["nested", TOKEN[9:]]},
        {"signingSecret": TOKEN[9:]},
    ],
    ids=repr,
)
def test_no_secret_reaches_a_line_in_either_form(facts: dict[str, Any]) -> None:
    for as_json in (True, False):
        stream = io.StringIO()
        configure_logging(stream=stream, json=as_json)
        structlog.get_logger("dcvd").info("something", **facts)
        assert TOKEN[9:] not in stream.getvalue()
        assert SIGNING[6:] not in stream.getvalue()
        assert "[redacted]" in stream.getvalue()


def test_what_is_no_secret_is_left_as_it_is() -> None:
    facts = {
        "token_id": "token_01",
        "secret": None,
        "tokens": 4,
        "whsec": "whsec_",
        "sequence": 41,
        "ratio": 0.5,
        "ok": True,
    }
    assert redact(facts) == facts


def test_values_that_json_cannot_hold_do_not_lose_the_line() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("no repr")

    cycle: list[Any] = []
    cycle.append(cycle)
    stream = io.StringIO()
    configure_logging(stream=stream)
    structlog.get_logger("dcvd").info(
        "odd", broken=Broken(), huge=2**80, lone="\ud800", nan=float("nan"), cycle=cycle, keys={1: "one", None: "none"}
    )
    (line,) = parsed(stream)
    assert line["broken"] == "<Broken whose repr raised RuntimeError>"
    assert line["huge"] == 2**80
    assert line["lone"] == "\\ud800"
    assert line["keys"] == {"1": "one", "None": "none"}
    assert "[too deep]" in json.dumps(line["cycle"])


def test_a_librarys_broken_record_is_reported_and_does_not_stop_it() -> None:
    stream = io.StringIO()
    configure_logging(stream=stream)
    logging.getLogger("careless").warning("%d items", "many")
    (line,) = parsed(stream)
    assert "cannot be rendered: TypeError" in line["event"]
    assert line["logger"] == "careless"


def test_a_warning_becomes_a_log_line() -> None:
    stream = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        configure_logging(stream=stream)
        warnings.warn("old call", UserWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    (line,) = parsed(stream)
    assert line["logger"] == "py.warnings"
    assert "old call" in line["event"]


def test_a_log_that_cannot_be_written_stops_nobody() -> None:
    stream = io.StringIO()
    configure_logging(stream=stream)
    stream.close()
    structlog.get_logger("dcvd").info("unheard")
    logging.getLogger("library").error("unheard")


def test_threads_do_not_mix_their_lines() -> None:
    stream = io.StringIO()
    configure_logging(stream=stream)

    def chatter(number: int) -> None:
        for count in range(50):
            structlog.get_logger("dcvd").info("chat", number=number, count=count, padding="x" * 500)

    threads = [threading.Thread(target=chatter, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(parsed(stream)) == 200


@given(st.text(), st.text(alphabet="0123456789abcdef", min_size=32, max_size=32), st.text())
def test_a_token_is_scrubbed_whatever_surrounds_it(before: str, digits: str, after: str) -> None:
    assert f"dcv_live_{digits}" not in scrub(f"{before}dcv_live_{digits}{after}")


_THREADED = """
import os, sys, structlog
from dcvd.kit.logs.configuration import configure_logging, flush_logs
configure_logging(use_thread=True, json=True)
log = structlog.get_logger("dcvd")
for number in range(int(sys.argv[1])):
    log.info("chat", number=number)
log.info("daemon.stopped")
if sys.argv[2] == "forced":
    flushed = flush_logs(0.05)
    print("flushed" if flushed else "unread", flush=True)
    os._exit(0)
"""


@pytest.mark.parametrize("ending", ["usual", "forced"])
def test_the_last_line_of_a_threaded_log_is_written_before_the_process_ends(ending: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _THREADED, "200", ending], capture_output=True, timeout=60, check=True, text=True
    )
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert len(lines) == 201
    assert lines[-1]["event"] == "daemon.stopped"


def test_a_threaded_log_that_nobody_reads_holds_up_neither_the_program_nor_its_forced_end() -> None:
    reading, writing = os.pipe()
    try:
        ended = subprocess.run(
            [sys.executable, "-c", _THREADED, "2000", "forced"],
            stdout=subprocess.PIPE,
            stderr=writing,
            timeout=60,
            check=True,
            text=True,
        )
    finally:
        os.close(writing)
        os.close(reading)
    assert ended.stdout == "unread\n"
