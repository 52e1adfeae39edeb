"""German: errors about what was typed, and requests as such."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

LISTS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cursor_unusable": "Dieser Cursor ist keiner, den dcvd gegeben hat; beginnen Sie ohne einen.",
        "cursor_of_other_order": "Dieser Cursor gehört zu einer Liste in anderer Reihenfolge; beginnen Sie ohne einen.",
        "instant_unusable": "{field} ist {text}; geben Sie einen Zeitpunkt wie 2027-01-31T00:00:00Z an (RFC 3339).",
        "methods_get": "Die Methoden dieser Adresse sind GET und OPTIONS.",
        "address_unknown": "Unter dieser Adresse ist nichts; was es gibt, zeigt /schema.",
        "form_unusable": "Das ist nicht, was das Formular dieser Seite sendet; laden Sie die Seite noch einmal.",
        "body_compressed": "Der Inhalt ist komprimiert; senden Sie ihn, wie er ist, ohne Content-Encoding.",
        "body_too_large": "Der Inhalt ist zu groß; es werden höchstens {limit} Bytes gelesen.",
        "host_unknown": "Der Name im Header Host gehört nicht zu diesem Dienst.",
        "day_unusable": "{day} ist kein Tag; geben Sie einen wie 2027-01-31 an.",
        "value_unknown": "{field} ist {value}, und das ist nichts von: {known}.",
        "value_unknown_of_many": "{field} ist {value}, und das ist nichts von den {count}, die es gibt.",
        "did_you_mean": "Meinten Sie „{first}“?",
        "did_you_mean_two": "Meinten Sie „{first}“ oder „{second}“?",
        "did_you_mean_three": "Meinten Sie „{first}“, „{second}“ oder „{third}“?",
        "name_empty": "Der Name {subject} ist leer; geben Sie 1 bis {most} Zeichen an.",
        "name_too_long": "Der Name {subject} hat {count} Zeichen; {most} sind erlaubt.",
        "name_unprintable": "Der Name {subject} hat Zeichen, die nicht angezeigt werden können; entfernen Sie sie.",
        "name_of_organization": "der Organisation",
        "name_of_webhook": "des Webhooks",
        "name_of_token": "des Tokens",
        "changed_since_read": (
            "Seit Sie das gelesen haben, wurde {subject} geändert: Der Stand ist jetzt {tag} (ETag). Lesen Sie es "
            "noch einmal, und entscheiden Sie neu."
        ),
        "tag_unusable": (
            '{header} ist {text}; geben Sie das ETag an, das Sie gelesen haben, mit seinen Anführungszeichen, oder "*".'
        ),
        "the_domain": "die Domain {id}",
        "the_branding": "der Auftritt",
        "the_member": "das Mitglied {id}",
        "the_organization": "die Organisation {id}",
        "the_webhook": "der Webhook {id}",
        "the_contact": "der Kontakt {id}",
        "the_token": "das Token {id}",
    }
)
"""The templates by their ids."""
