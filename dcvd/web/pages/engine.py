"""The engine of the templates."""

import re
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import cycle
from typing import Final

from jinja2 import DictLoader, Environment, StrictUndefined
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template import TemplateConfig
from markupsafe import Markup, escape

from dcvd.core.instants import from_rfc3339
from dcvd.web.pages.assets import asset_url
from dcvd.web.pages.times import show_time

_INSTANT: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z)", re.ASCII)


def _read_texts(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, str]]:
    for each in folder.iterdir():
        if each.is_dir():
            yield from _read_texts(each, f"{prefix}{each.name}/")
        else:
            yield prefix + each.name, each.read_text("utf-8")


TEXTS: Final = dict(_read_texts(resources.files("dcvd.web").joinpath("templates")))
"""What stands in the folder of the templates, read at once: an upgrade may replace the files below a running daemon."""


def _build_environment() -> Environment:
    environment = Environment(
        loader=DictLoader(TEXTS),
        auto_reload=False,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset"] = asset_url
    environment.filters["marked"] = mark_sentence
    return environment


def mark_sentence(text: str) -> Markup:
    """Return a sentence in which what stands between backticks is marked as code, and instants are times.

    A sentence that is stored or sent to programs has its instants as RFC 3339, which nobody likes to read.
    """
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if is_code else _mark_times(part)
        for part, is_code in zip(text.split("`"), cycle((False, True)), strict=False)
    )


def _mark_times(text: str) -> Markup:
    parts = zip(_INSTANT.split(text), cycle((False, True)), strict=False)
    return Markup("").join(_mark_time(part) if is_instant else escape(part) for part, is_instant in parts)


def _mark_time(text: str) -> Markup:
    try:
        return show_time(from_rfc3339(text))
    except ValueError:  # what strangers wrote may look like an instant
        return escape(text)


TEMPLATE_CONFIG: Final = TemplateConfig(instance=JinjaTemplateEngine.from_environment(_build_environment()))
