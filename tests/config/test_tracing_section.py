"""[tracing]: what is refused, and how the headers for the collector are read."""

import pytest

from dcvd.config import load
from dcvd.errors import ConfigError
from tests.config.conftest import ENVIRON, Write


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('otlp_endpoint = "collector:4317"', "tracing.otlp_endpoint"),
        ('otlp_endpoint = "https://user:pw@collector.example"', "tracing.otlp_endpoint"),
        ("sample_ratio = 1.01", "tracing.sample_ratio"),
        ("sample_ratio = -1", "tracing.sample_ratio"),
        ("sample_ratio = nan", "tracing.sample_ratio"),
        ("sample_ratio = true", "tracing.sample_ratio"),
        ('sample_ratio = "1"', "tracing.sample_ratio"),
        ('otlp_headers = "authorization=s3cret"', "tracing.otlp_headers_file"),
    ],
)
def test_what_cannot_work_is_refused_by_its_name(write: Write, text: str, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(f"[tracing]\n{text}\n"), ENVIRON)
    (problem,) = caught.value.problems
    assert key in problem
    assert "s3cret" not in problem


@pytest.mark.parametrize(
    ("text", "headers"),
    [
        ("authorization=Bearer s3cret", {"authorization": "Bearer s3cret"}),
        ("Authorization=Basic%20czNjcmV0==,x-team = red", None),
        ("Authorization=Basic%20czNjcmV0==, x-team=red", {"authorization": "Basic czNjcmV0==", "x-team": "red"}),
        ("a=1\nb=2\n", {"a": "1", "b": "2"}),
        ("s3cret", None),
        ("a=1\r\nHost: s3cret", None),
    ],
)
def test_headers_are_read_from_a_file_or_the_environment_or_refused_unseen(
    write: Write, text: str, headers: dict[str, str] | None
) -> None:
    path = write('[tracing]\notlp_headers_file = "headers"\nsample_ratio = 0\n')
    (path.parent / "headers").touch(0o600)
    (path.parent / "headers").write_text(text)
    if headers is None:
        with pytest.raises(ConfigError) as caught:
            load(path, ENVIRON)
        assert "s3cret" not in str(caught.value)
        return
    tracing = load(path, ENVIRON).config.tracing
    assert tracing.read_headers() == headers
    assert tracing.sample_ratio == 0
    assert "s3cret" not in repr(tracing)
    (path.parent / "headers").write_text("other=1")
    variables = {"OTEL_EXPORTER_OTLP_HEADERS": text, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
    tracing = load(path, {**ENVIRON, **variables}).config.tracing
    assert tracing.read_headers() == headers
    assert tracing.otlp_endpoint == "http://127.0.0.1:4318"
