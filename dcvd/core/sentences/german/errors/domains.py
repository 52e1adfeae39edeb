"""German: errors about domains."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

DOMAINS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "wildcard_by_delegation": (
            "Ein Wildcard-Zertifikat wird nur durch Delegation bestätigt: Lassen Sie die Art der Bestätigung weg, "
            "oder wählen Sie delegated."
        ),
        "domain_of_nobody": "{name} wurde hier noch nicht hinzugefügt.",
        "connection_unknown": "Es gibt keine Verbindung {connection}.",
        "domain_set_up_already": (
            "{name} kann mit diesem Link nicht hinzugefügt werden: Die Domain ist schon eingerichtet."
        ),
        "domain_exists": "{name} ist schon eine Ihrer Domains.",
        "domain_name_unknown": "Die Organisation hat keine Domain {name}.",
        "domain_name_not_found": (
            "Es gibt keine Domain {name}; eine, die entfernt ist, wird noch mit ihrer Id gefunden."
        ),
        "domain_unknown": "Es gibt keine Domain {domain}.",
        "sort_with_search": "Mit einer Suche, die nach Namen auflistet, kann keine Reihenfolge gewählt werden.",
        "link_adds_no_labels": "externalId und labels sind nicht für Links: Lassen Sie sie weg.",
        "domain_outside_reach": (
            "Dieses Token oder dieser Link ist auf einige Domains beschränkt, und {name} ist keine davon."
        ),
        "link_without_domain": "Mit diesem Link wurde noch keine Domain hinzugefügt.",
    }
)
"""The templates by their ids."""
