"""German: answers that are known word for word."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

KNOWN_ANSWERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Tunnels.
        "known_ngrok_offline": "Der Tunnel bei ngrok ist offline",
        "known_ngrok_offline_fix": (
            "Starten Sie den Agenten von ngrok für diese Adresse, oder tragen Sie beim Endpunkt die jetzige Adresse "
            "des Tunnels ein."
        ),
        "known_ngrok_alone": "ngrok hat seinen Agenten erreicht, der Agent aber keine Anwendung (ERR_NGROK_8012)",
        "known_ngrok_alone_fix": (
            "Starten Sie die Anwendung hinter dem Agenten von ngrok, und zwar am Port, an den er weiterleitet."
        ),
        "known_ngrok_other": "ngrok hat an Stelle des Empfängers geantwortet ({code})",
        "known_ngrok_other_fix": (
            "Schlagen Sie {code} unter https://ngrok.com/docs/errors nach, und reparieren Sie den Tunnel."
        ),
        "known_cloudflare_tunnel": "Der Tunnel bei Cloudflare ist nicht verbunden (Fehler 1033)",
        "known_cloudflare_tunnel_fix": (
            "Starten Sie cloudflared für diesen Tunnel, und prüfen Sie, ob es Cloudflare erreicht."
        ),
        "known_cloudflare_record": "Cloudflare weiß nicht, wohin damit (Fehler {code})",
        "known_cloudflare_record_fix": (
            "Berichtigen Sie bei Cloudflare den Eintrag von {host}, damit er zu Ihrem Server führt."
        ),
        "known_localtunnel": "Der Tunnel bei localtunnel ist nicht verbunden",
        "known_localtunnel_fix": (
            "Starten Sie localtunnel für diese Adresse, oder tragen Sie beim Endpunkt die jetzige Adresse ein."
        ),
        # Hosts.
        "known_vercel_deployment": "Bei Vercel läuft kein Deployment dafür ({code})",
        "known_vercel_deployment_fix": (
            "Stellen Sie es neu bereit, und tragen Sie beim Endpunkt die Adresse des Produktions-Deployments ein: Die "
            "eines einzelnen endet mit ihm."
        ),
        "known_vercel_timeout": "Die Funktion bei Vercel hat zu lange gebraucht ({code})",
        "known_vercel_other": "Vercel hat an Stelle des Empfängers geantwortet ({code})",
        "known_vercel_other_fix": (
            "Schlagen Sie {code} unter https://vercel.com/docs/errors nach, und sehen Sie bei {host} in den "
            "Protokollen von Vercel nach."
        ),
        "known_vercel_firewall": "Die Firewall von Vercel hat die Zustellung abgewiesen",
        "known_vercel_firewall_fix": (
            "Lassen Sie POSTs mit dem User-Agent dcvd/… in den Einstellungen des Projekts an der Firewall vorbei; die "
            "Signatur weist sie aus."
        ),
        "known_heroku_app": "Bei Heroku gibt es unter dieser Adresse keine App",
        "known_heroku_app_fix": (
            "Fügen Sie {host} zu den Domains der App hinzu, oder tragen Sie beim Endpunkt die Adresse der App ein."
        ),
        "known_heroku_error": "Heroku hat für eine Anwendung geantwortet, von der keine Antwort kam",
        "known_heroku_error_fix": (
            "Lesen Sie `heroku logs`: In der Zeile des Routers steht der Code des Fehlers, etwa H10 (abgestürzt), H12 "
            "(keine Antwort in 30 s) oder H80 (Wartung)."
        ),
        "known_azure_stopped": "Die App bei Azure ist angehalten",
        "known_azure_stopped_fix": (
            "Starten Sie die App im Portal von Azure; auch ein Kontingent des Tarifs oder eine Ausgabengrenze hält sie "
            "an."
        ),
        "known_netlify": "Bei Netlify gibt es unter dieser Adresse nichts, was einen POST annimmt",
        "known_netlify_fix": (
            "Prüfen Sie den Namen der Website, und ob unter diesem Pfad eine Funktion von ihr bereitgestellt ist: "
            "Statische Seiten nehmen keinen POST an."
        ),
        "known_render": "Bei Render läuft kein Dienst dafür ({code})",
        "known_render_fix": (
            "Starten Sie den Dienst bei Render: Im kostenlosen Tarif schläft er, solange nichts kommt, und wacht für "
            "eine Zustellung zu spät auf."
        ),
        "known_railway": "Railway hat keine Anwendung gefunden, an die es weitergehen könnte",
        "known_railway_fix": (
            "Starten Sie den Dienst bei Railway, und lassen Sie ihn auf 0.0.0.0 und am Port der Domain (PORT) lauschen."
        ),
        "known_aws_gateway": (
            "AWS API Gateway kennt diese Methode mit diesem Pfad nicht, auch wenn es von einem Token spricht"
        ),
        "known_aws_gateway_fix": (
            "Prüfen Sie die Stage und den Pfad in der URL, und ob die API dort POST ohne AWS-Zugangsdaten annimmt."
        ),
        "known_n8n": "n8n hat keinen aktiven Workflow für diesen Webhook",
        "known_n8n_fix": (
            "Aktivieren Sie den Workflow in n8n, und nehmen Sie seine Produktions-URL: Die Test-URL nimmt nach einem "
            "Klick nur einen Aufruf an."
        ),
        # Frameworks.
        "known_rails_host": "Rails nimmt den Hostnamen {host} nicht an",
        "known_rails_host_fix": "Tragen Sie {host} in config.hosts dieser Umgebung ein.",
        "known_vite_host": "Vite nimmt den Hostnamen {host} nicht an",
        "known_vite_host_fix": (
            "Tragen Sie {host} in server.allowedHosts von Vite ein, oder führen Sie den Tunnel zu Ihrer Anwendung "
            "statt zu Vite."
        ),
        "known_webpack_host": "Der Entwicklungsserver von webpack nimmt den Hostnamen {host} nicht an",
        "known_webpack_host_fix": (
            "Tragen Sie {host} in devServer.allowedHosts ein, oder führen Sie den Tunnel zu Ihrer Anwendung statt zu "
            "diesem Server."
        ),
        "known_django_host": (
            "Django hat die Zustellung vor Ihrer View abgewiesen, wie immer, wenn es den Hostnamen nicht kennt"
        ),
        "known_django_host_fix": (
            "Tragen Sie {host} in ALLOWED_HOSTS von Django ein, wenn in seinem Protokoll DisallowedHost steht."
        ),
        "known_csrf": "Die Prüfung gegen gefälschte Formulare (CSRF) hat die Zustellung abgewiesen",
        "known_tls_alone": "Der Port nimmt nur TLS an",
        "known_tls_alone_fix": "Lassen Sie die URL des Endpunkts mit https:// beginnen.",
        "known_envoy": "Envoy hat hinter sich keine Anwendung erreicht",
        "known_envoy_fix": (
            "Starten Sie die Anwendung hinter Envoy, und prüfen Sie in der Konfiguration von Envoy den Port und das "
            "Protokoll."
        ),
        "known_haproxy": "HAProxy hat keinen Server, an den es weitergehen könnte",
        "known_haproxy_fix": (
            "Starten Sie die Anwendung hinter HAProxy, und prüfen Sie, warum ihre Health-Checks scheitern."
        ),
        # Chat services.
        "known_slack_form": "Slack nimmt nur Nachrichten in seiner eigenen Form an",
        "known_chat_fix": (
            "Senden Sie die Ereignisse an ein eigenes Programm, das Nachrichten daraus macht: Etwas anderes nehmen "
            "Chat-Dienste nicht an."
        ),
        "known_slack_gone": "Slack nimmt dort nichts mehr an ({code})",
        "known_slack_gone_fix": (
            "Legen Sie in Slack einen neuen eingehenden Webhook an, für einen Kanal, den es gibt und in den er "
            "schreiben darf."
        ),
        "known_discord_form": "Discord nimmt nur Nachrichten in seiner eigenen Form an",
        "known_discord_gone": "Discord kennt keinen solchen Webhook ({code})",
        "known_discord_gone_fix": "Legen Sie in Discord in den Einstellungen des Kanals einen neuen Webhook an.",
        "known_teams": (
            "Microsoft Teams schreibt im Inhalt, dass es die Nachricht nicht zugestellt hat (HTTP-Fehler {code})"
        ),
        "known_teams_fix": (
            "Senden Sie die Ereignisse an ein eigenes Programm, das Nachrichten daraus macht und sie wiederholt, wenn "
            "Teams mit 429 antwortet."
        ),
    }
)
"""The templates by their ids."""
