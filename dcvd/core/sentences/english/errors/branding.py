"""English: errors about how an organization looks to its customers."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

BRANDING_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "color_unusable": "{field} is no colour such as #0f62fe: # and six hex digits.",
        "language_unusable": "language is no language tag (BCP 47) such as en, de-AT or zh-Hant.",
        "return_url_unusable": (
            "returnUrl is no https:// URL with a host and without a user name, of up to {most} characters."
        ),
        "origins_too_many": "{field} has {count} origins; up to {most} may show the pages.",
        "origin_unusable": (
            "{field}: {origin} is no origin such as https://app.acme.example: https://, a hostname (in its xn-- "
            "form), a port if it has one, and nothing behind it. http:// is for localhost and 127.0.0.1."
        ),
        "logo_unknown": "There is no such logo.",
        "logo_not_taken": "The logo was not taken:",
        "logo_most": "It may have up to {most} KiB.",
        "logo_answered": "The server answered with {status}; redirects are not followed.",
        "logo_no_image": "It is none of PNG, JPEG, WebP or GIF.",
        "logo_pixels": "It has {width} x {height} pixels; up to {most} each are allowed.",
    }
)
"""The templates by their ids."""
