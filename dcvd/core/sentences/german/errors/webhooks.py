"""German: errors about endpoints and their deliveries."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

WEBHOOKS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "delivery_unknown": "Es gibt keine Zustellung {delivery}.",
        "secrets_unreadable": (
            "Die Geheimnisse von {endpoint} können nicht gelesen werden; erneuern Sie sein Geheimnis, oder fragen Sie "
            "Ihren Betreiber."
        ),
        "replay_none_with_enabled": 'replay "none" geht mit "enabled": true, und mit nichts anderem.',
        "webhook_unknown": "Es gibt keinen Webhook {endpoint}.",
        "event_type_unknown": (
            "{field} ist {name}, und ein solches Ereignis gibt es nicht; die Ereignisse sind: {known}."
        ),
        "event_on_its_way": "Das Ereignis {event} ist schon auf dem Weg zu diesem Webhook: die Zustellung {delivery}.",
        "event_not_meant": (
            "Das Ereignis {event} war nie für diesen Webhook gedacht: Sein `match` lässt es aus, oder es geht um "
            "Zustellungen an andere."
        ),
        "delivery_waits_for_earlier": (
            "Die Zustellung {delivery} wartet auf {earlier} ({type}), die in der Reihenfolge ihrer Domain früher "
            "kommt, und wird gleich danach gesendet. Wiederholen Sie jene (POST {path}/retry), oder geben Sie sie auf "
            "(POST {path}/cancel)."
        ),
        "since_in_future": "Der Beginn liegt in der Zukunft, also gibt es nichts noch einmal zu senden.",
        "until_before_since": "Das Ende liegt nicht nach dem Beginn, also gibt es nichts noch einmal zu senden.",
        "events_empty": (
            'Es ist kein Ereignis gewählt; geben Sie ["{all}"] für alle an, oder nennen Sie mindestens eines von: '
            "{types}."
        ),
        "event_unknown": (
            '{field} ist {name}, und ein solches Ereignis gibt es nicht; geben Sie "{all}" für alle an, eine Familie '
            "({families}) oder eines der Ereignisse: {types}."
        ),
        "secrets_too_many": (
            "{most} Geheimnisse von {endpoint} gelten schon; warten Sie, bis eines abläuft, oder geben Sie keine Frist."
        ),
        "delivery_ended": "Die Zustellung {delivery} {ending}, also gibt es nichts abzubrechen.",
        "delivery_is_cancelled": "ist schon abgebrochen",
        "delivery_was_delivered": "wurde zugestellt",
        "delivery_is_dead": "ist unzustellbar, wird von selbst nicht wiederholt, und nichts wartet darauf",
        "delivery_was_dropped": "wurde fallen gelassen",
        "url_too_long": "Die URL ist {count} Zeichen lang; höchstens {most} sind möglich.",
        "url_odd_characters": (
            "Die URL enthält ein Leerzeichen, ein Steuerzeichen oder einen Backslash; schreiben Sie solche Zeichen "
            "mit Prozentzeichen."
        ),
        "url_unreadable": "Die URL kann nicht gelesen werden: {reason}.",
        "url_not_https": "Die URL muss mit https:// beginnen.",
        "url_not_http": "Die URL muss mit https:// oder http:// beginnen.",
        "url_without_host": "Die URL nennt keinen Host.",
        "url_with_user": (
            "Die URL enthält einen Benutzernamen oder ein Passwort; lassen Sie sie weg, die Signatur des Webhooks "
            "weist uns aus."
        ),
        "url_with_fragment": "Die URL enthält ein Fragment (#…), das nie gesendet wird; lassen Sie es weg.",
        "url_odd_port": (
            "Die URL schreibt ihren Port auf ungewöhnliche Weise; schreiben Sie eine einfache Zahl, oder lassen Sie "
            "ihn weg."
        ),
        "url_port_zero": "Die URL nennt Port 0, auf dem niemand erreichbar ist.",
        "url_host_no_name": "Der Host {host} der URL ist kein Hostname.",
        "url_host_loopback": "Der Host {host} der URL ist dieser Rechner selbst, und das ist nicht erlaubt (loopback).",
        "url_port_refused": "Die URL nennt Port {port}; erlaubt sind {allowed}.",
        "url_zone_id": (
            "Die Adresse der URL hat eine Zonen-Id, die nur auf einem Rechner etwas bedeutet; lassen Sie sie weg."
        ),
        "url_address_refused": "Die Adresse {address} der URL ist nicht erlaubt ({reason}).",
        "url_odd_address": "Die URL schreibt eine Adresse auf ungewöhnliche Weise; schreiben Sie {address}.",
    }
)
"""The templates by their ids."""
