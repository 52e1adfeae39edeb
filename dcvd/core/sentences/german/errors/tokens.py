"""German: errors about tokens."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TOKENS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "expiry_passed": (
            "Das Ende ist {instant} und liegt in der Vergangenheit; geben Sie einen späteren Zeitpunkt an."
        ),
        "networks_empty": (
            "Es ist kein Netz angegeben: Ein solches Token wäre von nirgendwo aus gültig. Nennen Sie welche, oder "
            "lassen Sie {field} weg."
        ),
        "entries_too_many": "{field} hat {count} Einträge; {most} sind erlaubt.",
        "network_unusable": "{network} ist kein Netz wie 192.0.2.0/24 oder 2001:db8::/48 ({reason}).",
        "reach_empty": (
            "Es ist keine Domain angegeben: Ein solches Token sähe keine. Nennen Sie welche, oder lassen Sie {field} "
            "weg."
        ),
        "reach_entry_unusable": "{entry} ist weder ein Hostname noch *. und ein Hostname noch eine Id.",
        "scopes_empty": (
            "Es ist kein Recht angegeben: Ein solches Token könnte nichts tun. Nennen Sie welche, oder lassen Sie "
            "{field} weg."
        ),
        "scope_unknown": "Das Recht {scope} gibt es nicht; es gibt: {known}.",
        "token_unknown": "Es gibt kein Token {token}.",
        "token_of_higher_role": (
            "Das Token {token} hat die Rolle {role}; ein Token mit der Rolle {own} kann es nicht ändern oder beenden."
        ),
        "rights_end_before": (
            "Ihre eigenen Rechte enden {instant}; ein Token, das später endet, kann damit weder verlängert noch "
            "übernommen werden."
        ),
        "tokens_of_other_members": (
            "Das Token eines Mitglieds bekommt keine Tokens als die dieses Mitglieds; nur das eines Inhabers bekommt "
            "auch andere."
        ),
        "token_exceeds_minter": "Das neue Token {excess}; niemand macht ein Token, das mehr darf als das eigene.",
        "token_exceeds_taker": "Das Token {token} {excess}; niemand übernimmt ein Token, das mehr darf als das eigene.",
        "excess_role": "hat die Rolle {role}, die höher ist als {own}",
        "excess_writes": "darf schreiben",
        "excess_scopes": "hat Rechte, die Sie nicht haben",
        "excess_domains": "erreicht Domains, die Sie nicht erreichen",
        "excess_networks": "gilt aus Netzen, aus denen Ihres nicht gilt",
        "excess_life": "endet später als Ihre Rechte",
    }
)
"""The templates by their ids."""
