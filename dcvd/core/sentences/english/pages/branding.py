"""English: the page of how the organization looks."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

BRANDING: Final[Mapping[str, str]] = MappingProxyType(
    {
        "branding_intro": "How your organization looks on the pages on which your customers connect their domains.",
        "branding_name": "Name",
        "branding_name_hint": "As your customers know you. Empty: the name of the organization.",
        "branding_primary": "Colour of buttons and links",
        "branding_primary_hint": "Such as `#0f62fe`.",
        "branding_background": "Background",
        "branding_background_hint": "Empty: white, and dark for those who like it dark.",
        "branding_preview": "Show without saving",
        "branding_language": "Language",
        "branding_language_hint": "Such as `en` or `de-AT`. Empty: the language of each browser.",
        "branding_return": "Address to which the pages lead back",
        "branding_return_hint": "It begins with `https://`.",
        "branding_logo": "Address of a logo",
        "branding_logo_hint": (
            "It is fetched once, and served from here: PNG, JPEG, WebP or GIF of up to 256 KiB. Empty: the logo "
            "stays as it is."
        ),
        "branding_logo_now": "The present logo",
        "branding_no_logo": "Take the logo away",
        "branding_origins": "Sites that may show the pages in a frame",
        "branding_origins_hint": "One a line, such as `https://app.example.com`.",
        "branding_save": "Save",
        "branding_previews": "What customers see",
        "branding_contrast_explained": (
            "The pages change your colours as far as it takes to be read: a contrast of 4.5:1 and more."
        ),
        "branding_scheme_light": "Light",
        "branding_scheme_dark": "Dark",
        "branding_part_text": "Text",
        "branding_part_link": "Link",
        "branding_part_button": "Button",
        "branding_ratio": "{ratio}:1",
        "branding_replaced": "Links are {shown} here, because {wanted} could not be read.",
        "done_branding_changed": "The branding was changed.",
    }
)
"""The templates by their ids."""
