"""German: the page of how the organization looks."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

BRANDING: Final[Mapping[str, str]] = MappingProxyType(
    {
        "branding_intro": (
            "Wie Ihre Organisation auf den Seiten aussieht, auf denen Ihre Kunden ihre Domains verbinden."
        ),
        "branding_name": "Bezeichnung",
        "branding_name_hint": "Wie Ihre Kunden Sie kennen. Leer: der Name der Organisation.",
        "branding_primary": "Farbe von Knöpfen und Links",
        "branding_primary_hint": "Wie `#0f62fe`.",
        "branding_background": "Hintergrund",
        "branding_background_hint": "Leer: weiß, und dunkel für alle, die es dunkel mögen.",
        "branding_preview": "Zeigen, ohne zu speichern",
        "branding_language": "Sprache",
        "branding_language_hint": "Wie `en` oder `de-AT`. Leer: die Sprache des jeweiligen Browsers.",
        "branding_return": "Adresse, zu der die Seiten zurückführen",
        "branding_return_hint": "Sie beginnt mit `https://`.",
        "branding_logo": "Adresse eines Logos",
        "branding_logo_hint": (
            "Es wird einmal geholt und von hier ausgeliefert: PNG, JPEG, WebP oder GIF mit bis zu 256 KiB. Leer: "
            "Das Logo bleibt, wie es ist."
        ),
        "branding_logo_now": "Das jetzige Logo",
        "branding_no_logo": "Das Logo entfernen",
        "branding_origins": "Websites, die diese Seiten in einem Rahmen zeigen dürfen",
        "branding_origins_hint": "Je Zeile eine, wie `https://app.example.com`.",
        "branding_save": "Speichern",
        "branding_previews": "Was Kunden sehen",
        "branding_contrast_explained": (
            "Die Seiten ändern Ihre Farben, soweit es für die Lesbarkeit nötig ist: ein Kontrast von 4,5:1 und mehr."
        ),
        "branding_scheme_light": "Hell",
        "branding_scheme_dark": "Dunkel",
        "branding_part_text": "Text",
        "branding_part_link": "Link",
        "branding_part_button": "Knopf",
        "branding_ratio": "{ratio}:1",
        "branding_replaced": "Links haben hier {shown}, weil {wanted} nicht zu lesen wäre.",
        "done_branding_changed": "Der Auftritt wurde geändert.",
    }
)
"""The templates by their ids."""
