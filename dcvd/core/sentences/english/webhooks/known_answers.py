"""English: answers that are known word for word."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

KNOWN_ANSWERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Tunnels.
        "known_ngrok_offline": "its tunnel at ngrok is offline",
        "known_ngrok_offline_fix": (
            "Start the agent of ngrok for this address, or put the present address of the tunnel into the webhook."
        ),
        "known_ngrok_alone": "ngrok reached its agent, and the agent no application (ERR_NGROK_8012)",
        "known_ngrok_alone_fix": "Start the application behind the agent of ngrok, on the port to which it forwards.",
        "known_ngrok_other": "ngrok answered in its place ({code})",
        "known_ngrok_other_fix": "Look up {code} at https://ngrok.com/docs/errors, and mend the tunnel.",
        "known_cloudflare_tunnel": "its tunnel at Cloudflare is not connected (error 1033)",
        "known_cloudflare_tunnel_fix": "Start cloudflared for this tunnel, and check that it can reach Cloudflare.",
        "known_cloudflare_record": "Cloudflare does not know where to send it (error {code})",
        "known_cloudflare_record_fix": "Correct the record of {host} at Cloudflare, so that it leads to your server.",
        "known_localtunnel": "its tunnel at localtunnel is not connected",
        "known_localtunnel_fix": (
            "Start the client of localtunnel for this address, or put its present address into the webhook."
        ),
        # Hosts.
        "known_vercel_deployment": "Vercel has no running deployment for it ({code})",
        "known_vercel_deployment_fix": (
            "Deploy it again, and put the address of the production deployment into the webhook: that of a single "
            "deployment ends with it."
        ),
        "known_vercel_timeout": "its function at Vercel took too long ({code})",
        "known_vercel_other": "Vercel answered in its place ({code})",
        "known_vercel_other_fix": (
            "Look up {code} at https://vercel.com/docs/errors, and at {host} in the logs of Vercel."
        ),
        "known_vercel_firewall": "the firewall of Vercel denied it",
        "known_vercel_firewall_fix": (
            "Let POSTs with the User-Agent dcvd/… bypass the firewall in the settings of the project; the signature "
            "authenticates them."
        ),
        "known_heroku_app": "Heroku has no app at this address",
        "known_heroku_app_fix": "Add {host} to the domains of the app, or put the address of the app into the webhook.",
        "known_heroku_error": "Heroku answered for an application that gave no answer",
        "known_heroku_error_fix": (
            "Read `heroku logs`: the router's line has the code of the error, such as H10 (crashed), H12 (no answer in "
            "30 s) or H80 (maintenance)."
        ),
        "known_azure_stopped": "its app at Azure is stopped",
        "known_azure_stopped_fix": (
            "Start the app in the portal of Azure; a quota of its plan or a spending limit stops it as well."
        ),
        "known_netlify": "Netlify has nothing at this address that takes a POST",
        "known_netlify_fix": (
            "Check the name of the site, and that a function of it is deployed at this path: static pages take no POST."
        ),
        "known_render": "Render has no running service for it ({code})",
        "known_render_fix": (
            "Start the service at Render: one of the free plan sleeps while nothing comes, and wakes too late for a "
            "delivery."
        ),
        "known_railway": "Railway found no application to pass it on to",
        "known_railway_fix": (
            "Start the service at Railway, and let it listen on 0.0.0.0 and on the port of the domain (PORT)."
        ),
        "known_aws_gateway": "AWS API Gateway knows no such method and path, although it speaks of a token",
        "known_aws_gateway_fix": (
            "Check the stage and the path in the URL, and that the API takes POST there without AWS credentials."
        ),
        "known_n8n": "n8n has no active workflow for this webhook",
        "known_n8n_fix": (
            "Activate the workflow in n8n, and use its production URL: the test URL takes one call after a click."
        ),
        # Frameworks.
        "known_rails_host": "Rails does not accept the host name {host}",
        "known_rails_host_fix": "Add {host} to config.hosts of this environment.",
        "known_vite_host": "Vite does not accept the host name {host}",
        "known_vite_host_fix": (
            "Add {host} to server.allowedHosts of Vite, or send the tunnel to your application rather than to Vite."
        ),
        "known_webpack_host": "webpack's development server does not accept the host name {host}",
        "known_webpack_host_fix": (
            "Add {host} to devServer.allowedHosts, or send the tunnel to your application rather than to this server."
        ),
        "known_django_host": "Django refused it before your view, as it does where it does not know the host name",
        "known_django_host_fix": "Add {host} to ALLOWED_HOSTS of Django, if its log says DisallowedHost.",
        "known_csrf": "its check against forged forms (CSRF) refused it",
        "known_tls_alone": "its port takes TLS alone",
        "known_tls_alone_fix": "Begin the URL of the webhook with https://.",
        "known_envoy": "Envoy reached no application behind it",
        "known_envoy_fix": (
            "Start the application behind Envoy, and check its port and its protocol in Envoy's configuration."
        ),
        "known_haproxy": "HAProxy has no server to pass it on to",
        "known_haproxy_fix": "Start the application behind HAProxy, and check why its health checks fail.",
        # Chat services.
        "known_slack_form": "Slack takes messages in its own form alone",
        "known_chat_fix": (
            "Send the events to a program of yours that turns them into messages: chat services take no others."
        ),
        "known_slack_gone": "Slack takes nothing there any more ({code})",
        "known_slack_gone_fix": (
            "Make a new incoming webhook in Slack, for a channel that exists and to which it may post."
        ),
        "known_discord_form": "Discord takes messages in its own form alone",
        "known_discord_gone": "Discord knows no such webhook ({code})",
        "known_discord_gone_fix": "Make a new webhook in the settings of the channel in Discord.",
        "known_teams": "Microsoft Teams says in the body that it did not deliver the message (HTTP error {code})",
        "known_teams_fix": (
            "Send the events to a program of yours that turns them into messages, and sends them again where Teams "
            "says 429."
        ),
    }
)
"""The templates by their ids."""
