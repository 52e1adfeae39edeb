"""A log that nobody reads holds up nobody but its own thread."""

import io
import os
import threading

from dcvd.kit.logs.writer import DirectWriter, ThreadedWriter


def test_lines_come_out_whole_and_in_order() -> None:
    stream = io.StringIO()
    writer = ThreadedWriter(stream)
    for number in range(1000):
        writer.write_line(f"line {number}")
    assert writer.flush(5)
    assert stream.getvalue().splitlines() == [f"line {number}" for number in range(1000)]


def test_a_full_pipe_blocks_no_caller_and_what_was_dropped_is_counted() -> None:
    reading, writing = os.pipe()
    with open(writing, "w") as stream:
        writer = ThreadedWriter(stream, max_waiting_lines=1000)
        for _ in range(5000):
            writer.write_line("x" * 200)
        assert not writer.flush(0.05)
        dropped_count = writer.dropped_count
        assert dropped_count > 3000
        received: list[bytes] = []
        reader = threading.Thread(target=lambda: received.extend(iter(lambda: os.read(reading, 65536), b"")))
        reader.start()
        writer.write_line("after")
        assert writer.flush(5)
        writer.write_line("the end")
        assert writer.flush(5)
        assert writer.dropped_count == dropped_count  # since the start, also once it was told
    reader.join(5)
    os.close(reading)
    text = b"".join(received).decode()
    assert '"event":"log.lines_dropped"' in text
    assert text.endswith("the end\n")


def test_a_log_that_is_gone_is_no_error() -> None:
    stream = io.StringIO()
    stream.close()
    DirectWriter(stream).write_line("x")
    writer = ThreadedWriter(stream)
    writer.write_line("x")
    assert writer.flush(5)
