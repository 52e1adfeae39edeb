"""The documented file of defaults, which is config/dcvd.toml of the source and a part of the program."""

import tomllib
from functools import cache
from importlib import resources
from typing import Any


@cache
def read_documented_defaults() -> str:
    """Return the text that explains every key, and gives it its default."""
    return resources.files(__package__).joinpath("dcvd.toml").read_text(encoding="utf-8")


@cache
def read_default_document() -> dict[str, Any]:
    """Return the defaults as TOML has them; keys that must be set are missing."""
    return tomllib.loads(read_documented_defaults())
