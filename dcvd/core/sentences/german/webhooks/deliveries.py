"""German: where deliveries stand, and what to do about them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

DELIVERIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "delivery_delivered": "Sie wurde zugestellt.",
        "delivery_dead": "Sie ist unzustellbar: Von selbst wird sie nicht wieder versucht.",
        "delivery_dead_fix": "Danach wird sie mit „{retry}“ noch einmal gesendet.",
        "delivery_dead_disabled": "Sie ist unzustellbar, und ihr Endpunkt ist abgeschaltet: {reason}.",
        "delivery_dead_disabled_fix": "Danach wird sie mit „{enable}“ und „{retry}“ noch einmal gesendet.",
        "delivery_dropped": "Sie wurde verworfen.",
        "delivery_cancelled": "Sie wurde abgebrochen, wie jemand es wollte.",
        "delivery_ended_fix": "Mit „{retry}“ wird sie trotzdem gesendet.",
        "delivery_held": "Sie ist aufgehoben, weil ihr Endpunkt abgeschaltet ist: {reason}.",
        "delivery_held_fix": "Mit „{enable}“ wird sie gesendet.",
        "delivery_disabled_by_organization": "Ihre Organisation hat ihn abgeschaltet",
        "delivery_disabled_gone": "Er hat mit {status} geantwortet",
        "delivery_disabled_exhausted": "Tagelang war keine einzige Zustellung an ihn gelungen",
        "delivery_waits": (
            "Sie wartet, bis die Zustellung {delivery} eines früheren Ereignisses derselben Domain zu Ende ist."
        ),
        "delivery_waits_fix": (
            "„{explain}“ zeigt, worauf jene wartet; mit „{retry}“ wird sie jetzt gesendet, und mit „{cancel}“ "
            "aufgegeben."
        ),
        "delivery_paused": (
            "An ihren Endpunkt wird vor {when} nichts gesendet: Eine Antwort besagte, dass er überlastet oder gestört "
            "ist."
        ),
        "delivery_due": "Sie ist jetzt fällig und wird gesendet, sobald sie an der Reihe ist.",
        "delivery_first_due": "Der erste Versuch ist fällig: {when}.",
        "delivery_next_due": "Der nächste Versuch ist fällig: {when}.",
        "delivery_secrets_unreadable": "Die Geheimnisse ihres Endpunkts sind nicht zu lesen.",
        "delivery_secrets_unreadable_fix": "Wechseln Sie das Geheimnis, oder fragen Sie Ihren Betreiber.",
        # Faults of our own.
        "delivery_own_fault": (
            "Sie wartet, bis eine Störung bei dcvd selbst vorbei ist: {fault}. Sie wird bald wieder versucht, und kein "
            "Versuch wird verbraucht."
        ),
        "delivery_own_fault_fix": "Ihr Empfänger hat nichts damit zu tun; dauert es an, sagen Sie es Ihrem Betreiber.",
        "delivery_fault_limit": "Sein Rechner hat keine Verbindung mehr frei",
        "delivery_fault_network": "Sein Netz erreicht das Internet nicht",
        "delivery_fault_resolver": "Sein Resolver antwortet nicht",
        "delivery_fault_proxy": "Der Proxy, über den es sendet, funktioniert für diesen Empfänger nicht",
        "delivery_fault_clock": "Seine Uhr geht falsch",
        "delivery_fault_trust_store": "Seine Liste der Zertifizierungsstellen ist veraltet",
        # Endpoints.
        "endpoint_refusal_fix": (
            "Lassen Sie den Empfänger {type} annehmen, oder nehmen Sie es aus den Ereignissen des Endpunkts heraus; "
            "mit „{cancel}“ wird aufgegeben, was er abweist."
        ),
        "endpoint_header_with_underscore": (
            "Der Header {name} hat einen Unterstrich im Namen: nginx und andere Proxys verwerfen einen solchen Header, "
            "wenn man ihnen nichts anderes sagt. Nennen Sie ihn {better}, wenn Ihr Empfänger hinter so einem steht."
        ),
    }
)
"""The templates by their ids."""
