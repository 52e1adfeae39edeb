"""Instants on pages."""

from markupsafe import Markup

from dcvd.core.instants import to_rfc3339


def show_time(instant: int) -> Markup:
    """Return an instant as `2026-01-15 10:30 UTC`, which a reader's browser shows in its own zone by our script."""
    text = to_rfc3339(instant)[:16].replace("T", " ")
    return Markup('<time datetime="{}" title="{} UTC" data-local>{} UTC</time>').format(to_rfc3339(instant), text, text)
