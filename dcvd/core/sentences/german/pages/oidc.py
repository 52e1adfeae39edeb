"""German: the sign-in at an identity provider."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

OIDC: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sign_in_with": "Mit {provider} anmelden",
        "sign_in_operators": "Betreiber melden sich mit dem Link an, den „{command}“ ausgibt.",
        "oidc_refused_title": "Sie sind nicht angemeldet",
        "oidc_back": "Zurück zur Anmeldung",
        "oidc_choose_title": "Für welche Organisation?",
        "oidc_choose_intro": "{address} gehört zu mehreren. Wählen Sie die, für die Sie sich jetzt anmelden.",
        "oidc_other_attempt": (
            "Diese Antwort von {provider} gehört zu keiner Anmeldung, die dieser Browser in den letzten "
            "zehn Minuten begonnen hat, oder sie wurde benutzt. Melden Sie sich noch einmal an."
        ),
        "oidc_unavailable": (
            "{provider} antwortet gerade nicht. Versuchen Sie es gleich noch einmal, oder melden Sie sich "
            "mit einem Token an."
        ),
        "oidc_untrusted": (
            "Mit dem, was {provider} antwortet, können Sie nicht angemeldet werden. Wer dcvd betreibt, "
            "findet den Grund in dessen Log."
        ),
        "oidc_declined": (
            "{provider} hat Sie nicht eingelassen, oder Sie haben abgelehnt. Melden Sie sich für einen "
            "neuen Versuch noch einmal an."
        ),
        "oidc_address_not_verified": (
            "{provider} sagt nicht, dass Ihre E-Mail-Adresse bestätigt ist. Lassen Sie sie dort bestätigen, "
            "und melden Sie sich noch einmal an."
        ),
        "oidc_no_group_of_roles": (
            "Keine Ihrer Gruppen bei {provider} darf dieses Dashboard benutzen. Fragen Sie den, der dcvd "
            "betreibt, welche es dürfen."
        ),
        "oidc_no_member": (
            "{provider} kennt Sie als {address}, und keine Organisation hat ein aktives Mitglied mit dieser "
            "Adresse. Bitten Sie einen Inhaber oder Administrator der Ihren, sie einzuladen; die Einladung "
            "muss erst angenommen werden."
        ),
    }
)
"""The templates by their ids."""
