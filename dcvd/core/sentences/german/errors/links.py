"""German: errors about links."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

LINKS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "link_life_beyond": (
            "Die Dauer ist {seconds}; geben Sie eine ganze Zahl von Sekunden von {lowest} bis {highest} an."
        ),
        "link_used": "Mit diesem Link wurde schon eine Domain hinzugefügt, und ein Link ist für eine Domain.",
        "link_domain_first": "Fügen Sie zuerst die Domain hinzu: Eine Verbindung ist für ihre Einträge.",
        "link_for_one_name": "Dieser Link ist nur für {name}.",
        "link_connections_most": (
            "Mit einem Link werden bis zu {most} Verbindungen gemacht: Fragen Sie, wer ihn Ihnen gegeben hat."
        ),
        "link_authorizations_most": "Mit diesem Link wurden {most} Verbindungen begonnen; fragen Sie später wieder.",
        "link_unknown": "Es gibt keinen Link {link}.",
        "return_to_unusable": (
            "returnTo ist weder eine der URLs in oauth.return_to noch die Adresse zum Zurückkehren in Ihrem Auftritt, "
            "genau wie sie dort stehen."
        ),
        "link_days_unusable": "Die Zahl der Tage ist {days}; wählen Sie eine von {known}.",
    }
)
"""The templates by their ids."""
