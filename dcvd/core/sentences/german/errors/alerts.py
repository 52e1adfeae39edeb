"""German: errors about contacts, and the questions whether they want alerts."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ALERTS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "kinds_empty": (
            "Es ist keine Art gewählt: Ein solcher Kontakt bekäme keine Meldung. Wählen Sie welche oder alles."
        ),
        "kinds_too_many": "Es sind {count} Arten angegeben, und es gibt {known}.",
        "kind_unknown": "Die Art {kind} gibt es nicht; es gibt: {known}.",
        "contact_address_or_member": "Geben Sie entweder eine Adresse oder ein Mitglied an.",
        "contact_exists": "{address} ist schon ein Kontakt.",
        "contacts_too_many": (
            "Ihre Organisation hat {most} Kontakte, und mehr sind nicht möglich: Entfernen Sie einen, der nicht "
            "gebraucht wird."
        ),
        "contact_active": "Der Kontakt hat schon zugestimmt.",
        "member_unknown": "Es gibt kein Mitglied {member}.",
        "contact_unknown": "Es gibt keinen Kontakt {contact}.",
        "questions_refused": (
            "Unter {address} werden solche Fragen nicht gewünscht; dort können sie mit dem Link in einer früheren "
            "Frage wieder erlaubt werden."
        ),
        "address_asked_enough": (
            "{address} wurde innerhalb eines Tages {most}-mal gefragt, und öfter geht es nicht. Fragen Sie morgen "
            "wieder."
        ),
        "addresses_asked_enough": (
            "Ihre Organisation hat innerhalb eines Tages {most} Adressen fragen lassen. Fragen Sie morgen wieder."
        ),
    }
)
"""The templates by their ids."""
