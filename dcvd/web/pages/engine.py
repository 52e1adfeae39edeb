"""The engine of the templates."""

from itertools import cycle
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template import TemplateConfig
from markupsafe import Markup, escape

from dcvd.web.pages.assets import asset_url


def _build_environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("dcvd.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset"] = asset_url
    environment.filters["marked"] = mark_code
    return environment


def mark_code(text: str) -> Markup:
    """Return a sentence in which what stands between backticks is marked as code."""
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if is_code else escape(part)
        for part, is_code in zip(text.split("`"), cycle((False, True)), strict=False)
    )


TEMPLATE_CONFIG: Final = TemplateConfig(instance=JinjaTemplateEngine.from_environment(_build_environment()))
