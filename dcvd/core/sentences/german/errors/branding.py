"""German: errors about how an organization looks to its customers."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

BRANDING_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "color_unusable": "{field} ist keine Farbe wie #0f62fe: # und sechs hexadezimale Ziffern.",
        "language_unusable": "Das ist kein Kürzel einer Sprache (BCP 47) wie en, de-AT oder zh-Hant.",
        "return_url_unusable": (
            "Die Adresse zum Zurückkehren ist keine https://-URL mit einem Host und ohne Benutzernamen, mit bis zu "
            "{most} Zeichen."
        ),
        "origins_too_many": "{field} hat {count} Adressen; bis zu {most} dürfen die Seiten einbetten.",
        "origin_unusable": (
            "{field}: {origin} ist keine Herkunft wie https://app.acme.example: https://, ein Hostname (in seiner "
            "xn---Form), ein Port, falls es einen gibt, und nichts dahinter. http:// ist für localhost und 127.0.0.1."
        ),
        "logo_unknown": "Dieses Logo gibt es nicht.",
        "logo_not_taken": "Das Logo wurde nicht genommen:",
        "logo_most": "Es darf bis zu {most} KiB haben.",
        "logo_answered": "Der Server hat mit {status} geantwortet; Weiterleitungen wird nicht gefolgt.",
        "logo_no_image": "Es ist weder PNG, JPEG, WebP noch GIF.",
        "logo_pixels": "Es hat {width} × {height} Pixel; je bis zu {most} sind erlaubt.",
    }
)
"""The templates by their ids."""
