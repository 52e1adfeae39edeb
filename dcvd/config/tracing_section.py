"""The section of the configuration that says where traces go."""

import re
from typing import Annotated, Final
from urllib.parse import unquote

import msgspec

from dcvd.config import values
from dcvd.config.key_annotations import ConfigKey, ConfigSecret
from dcvd.config.validators import number
from dcvd.core.secret import Secret

_SEPARATOR: Final = re.compile(r"[,\n]")


class TracingConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The collector of OpenTelemetry's traces; without an `otlp_endpoint` there are none. sample_ratio: 0 to 1.

    otlp_headers: `name=value`, with commas or line breaks between, and values that may be percent-encoded, as
    OpenTelemetry's variable has it.
    """

    otlp_endpoint: Annotated[str, ConfigKey(validate=values.public_url, environment="OTEL_EXPORTER_OTLP_ENDPOINT")] = ""
    otlp_headers_file: Annotated[str, ConfigKey(validate=values.secret_file)] = ""
    otlp_headers: Annotated[
        Secret | None,
        ConfigSecret(
            validate=values.header_list, file_key="otlp_headers_file", environment="OTEL_EXPORTER_OTLP_HEADERS"
        ),
    ] = None
    sample_ratio: Annotated[float, ConfigKey(validate=number(at_least=0, at_most=1))] = 1.0

    def read_headers(self) -> dict[str, str]:
        """Read the headers for the collector, by name."""
        text = "" if self.otlp_headers is None else self.otlp_headers.reveal()
        pairs = (each.partition("=") for each in _SEPARATOR.split(text) if each.strip())
        return {name.strip().lower(): unquote(value.strip()) for name, _, value in pairs}
