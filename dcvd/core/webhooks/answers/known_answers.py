"""Answers that are known word for word, of what stands before a receiver's code: what they say, and what to do.

Tunnels and hosts answer where nothing of the receiver runs, frameworks before they call its code, and chat services
take nothing but messages. All of it concerns the endpoint, and never one delivery or one type of events.
"""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from dcvd.core.webhooks.answers.text import read_text


class KnownAnswer(Struct, frozen=True):
    """What an answer says, as a sentence without its full stop, and a sentence on what to do."""

    meaning: str
    fix: str


class _AnswerSignature(Struct, frozen=True):
    """How an answer is recognised: by its status, and by its body or one of its headers.

    statuses: empty for any but success. `meaning` and `fix` may have the placeholders `host` and `code`, which is the
    group `code` of the pattern.
    """

    meaning: str
    fix: str
    body_pattern: re.Pattern[str] | None = None
    header_name: str = ""
    header_pattern: re.Pattern[str] | None = None
    statuses: frozenset[int] = frozenset()


def _compile(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


def _by_body(text: str, meaning: str, fix: str, *statuses: int) -> _AnswerSignature:
    return _AnswerSignature(meaning, fix, body_pattern=_compile(text), statuses=frozenset(statuses))


def _by_header(name: str, text: str, meaning: str, fix: str) -> _AnswerSignature:
    return _AnswerSignature(meaning, fix, header_name=name, header_pattern=_compile(text))


_NGROK_OFFLINE: Final = (
    "its tunnel at ngrok is offline",
    "Start the agent of ngrok for this address, or put the present address of the tunnel into the webhook.",
)
_NGROK_ALONE: Final = (
    "ngrok reached its agent, and the agent no application (ERR_NGROK_8012)",
    "Start the application behind the agent of ngrok, on the port to which it forwards.",
)
_NGROK_OTHER: Final = (
    "ngrok answered in its place ({code})",
    "Look up {code} at https://ngrok.com/docs/errors, and mend the tunnel.",
)
_TUNNELS: Final = (
    _by_header("ngrok-error-code", r"err_ngrok_3200", *_NGROK_OFFLINE),
    _by_header("ngrok-error-code", r"err_ngrok_8012", *_NGROK_ALONE),
    _by_header("ngrok-error-code", r"(?P<code>err_ngrok_\d{1,6})", *_NGROK_OTHER),
    _by_body(r"err_ngrok_3200|\btunnel \S{1,80}ngrok\S{0,40} not found", *_NGROK_OFFLINE),
    _by_body(r"err_ngrok_8012", *_NGROK_ALONE),
    _by_body(r"\b(?P<code>err_ngrok_\d{1,6})", *_NGROK_OTHER),
    _by_body(
        r'cloudflare tunnel error|"error_code": ?1033\b|\Aerror code: 1033\b',
        "its tunnel at Cloudflare is not connected (error 1033)",
        "Start cloudflared for this tunnel, and check that it can reach Cloudflare.",
    ),
    _by_body(
        r'("error_code": ?|\Aerror code: )(?P<code>10(0[0-4]|14|16|18|23))\b',
        "Cloudflare does not know where to send it (error {code})",
        "Correct the record of {host} at Cloudflare, so that it leads to your server.",
    ),
    _by_body(
        r"503 - tunnel unavailable",
        "its tunnel at localtunnel is not connected",
        "Start the client of localtunnel for this address, or put its present address into the webhook.",
    ),
)  # fmt: skip
_HOSTS: Final = (
    _by_header(
        "x-vercel-error", r"(?P<code>deployment_(not_found|deleted|disabled|paused|blocked))",
        "Vercel has no running deployment for it ({code})",
        "Deploy it again, and put the address of the production deployment into the webhook: that of a single "
        "deployment ends with it.",
    ),
    _by_body(
        r"\b(?P<code>deployment_(not_found|deleted|disabled|paused|blocked))\b",
        "Vercel has no running deployment for it ({code})",
        "Deploy it again, and put the address of the production deployment into the webhook: that of a single "
        "deployment ends with it.",
    ),
    _by_header(
        "x-vercel-error", r"(?P<code>\w{0,20}_invocation_timeout)", "its function at Vercel took too long ({code})",
        "Answer first and work later: store the event, answer 2xx, and handle it after that.",
    ),
    _by_header(
        "x-vercel-error", r"(?P<code>[a-z_]{3,60})", "Vercel answered in its place ({code})",
        "Look up {code} at https://vercel.com/docs/errors, and at {host} in the logs of Vercel.",
    ),
    _by_header(
        "x-vercel-mitigated", r"deny", "the firewall of Vercel denied it",
        "Let POSTs with the User-Agent dcvd/… bypass the firewall in the settings of the project; the signature "
        "authenticates them.",
    ),
    _by_body(
        r"herokucdn\.com/error-pages/no-such-app|<title>no such app", "Heroku has no app at this address",
        "Add {host} to the domains of the app, or put the address of the app into the webhook.",
    ),
    _by_body(
        r"herokucdn\.com/error-pages/(application-error|maintenance)|<title>(application error|heroku \| )",
        "Heroku answered for an application that gave no answer",
        "Read `heroku logs`: the router's line has the code of the error, such as H10 (crashed), H12 (no answer in "
        "30 s) or H80 (maintenance).",
        503,
    ),
    _by_body(
        r"this web app is stopped", "its app at Azure is stopped",
        "Start the app in the portal of Azure; a quota of its plan or a spending limit stops it as well.",
    ),
    _by_body(
        r"\Anot found - request id: ", "Netlify has nothing at this address that takes a POST",
        "Check the name of the site, and that a function of it is deployed at this path: static pages take no POST.",
        404,
    ),
    _by_header(
        "x-render-routing", r"(?P<code>[a-z0-9-]{0,40}(no-server|hibernate|suspend|error)[a-z0-9-]{0,40})",
        "Render has no running service for it ({code})",
        "Start the service at Render: one of the free plan sleeps while nothing comes, and wakes too late for a "
        "delivery.",
    ),
    _by_header(
        "x-railway-fallback", r"true", "Railway found no application to pass it on to",
        "Start the service at Railway, and let it listen on 0.0.0.0 and on the port of the domain (PORT).",
    ),
    _by_body(
        r'application failed to respond', "Railway found no application to pass it on to",
        "Start the service at Railway, and let it listen on 0.0.0.0 and on the port of the domain (PORT).",
        502,
    ),
    _by_body(
        r'"message": ?"missing authentication token"',
        "AWS API Gateway knows no such method and path, although it speaks of a token",
        "Check the stage and the path in the URL, and that the API takes POST there without AWS credentials.",
        403,
    ),
    _by_body(
        r"the requested webhook .{0,300}is not registered", "n8n has no active workflow for this webhook",
        "Activate the workflow in n8n, and use its production URL: the test URL takes one call after a click.",
        404,
    ),
)  # fmt: skip
_FRAMEWORKS: Final = (
    _by_body(
        r"(<h1>|\A)blocked hosts?: ", "Rails does not accept the host name {host}",
        "Add {host} to config.hosts of this environment.", 403,
    ),
    _by_body(
        r"\Ablocked request\. this host \(", "Vite does not accept the host name {host}",
        "Add {host} to server.allowedHosts of Vite, or send the tunnel to your application rather than to Vite.", 403,
    ),
    _by_body(
        r"\Ainvalid host header\s*\Z", "webpack's development server does not accept the host name {host}",
        "Add {host} to devServer.allowedHosts, or send the tunnel to your application rather than to this server.",
    ),
    _by_body(
        r"disallowedhost at |<h1>bad request \(400\)</h1>",
        "Django refused it before your view, as it does where it does not know the host name",
        "Add {host} to ALLOWED_HOSTS of Django, if its log says DisallowedHost.", 400,
    ),
    _by_body(
        r"csrf verification failed|csrf token mismatch|invalid csrf token|tokenmismatchexception"
        r"|invalidauthenticitytoken|<title>page expired",
        "its check against forged forms (CSRF) refused it",
        "Exempt this path from the CSRF check, which is for forms in browsers; the signature authenticates deliveries.",
    ),
    _by_body(
        r"the plain http request was sent to https port|speaking plain http to an ssl-enabled server port"
        r"|\Aclient sent an http request to an https server\.?\s*\Z",
        "its port takes TLS alone", "Begin the URL of the webhook with https://.", 400,
    ),
    _by_body(
        r"\A(upstream connect error or disconnect/reset before headers|no healthy upstream)",
        "Envoy reached no application behind it",
        "Start the application behind Envoy, and check its port and its protocol in Envoy's configuration.", 503,
    ),
    _by_body(
        r"no server is available to handle this request", "HAProxy has no server to pass it on to",
        "Start the application behind HAProxy, and check why its health checks fail.", 503,
    ),
)  # fmt: skip
_CHATS: Final = (
    _by_body(
        r"\A(invalid_payload|no_text|missing_text_or_fallback_or_attachments)\s*\Z",
        "Slack takes messages in its own form alone",
        "Send the events to a program of yours that turns them into messages: chat services take no others.", 400,
    ),
    _by_body(
        r"\A(?P<code>no_service|no_service_id|no_active_hooks|no_team|team_disabled|invalid_token|channel_not_found"
        r"|channel_is_archived|action_prohibited|posting_to_general_channel_denied|user_not_found)\s*\Z",
        "Slack takes nothing there any more ({code})",
        "Make a new incoming webhook in Slack, for a channel that exists and to which it may post.", 400, 403, 404, 410,
    ),
    _by_body(
        r'"code": ?50006\b', "Discord takes messages in its own form alone",
        "Send the events to a program of yours that turns them into messages: chat services take no others.", 400,
    ),
    _by_body(
        r'"code": ?(?P<code>10015|50027)\b', "Discord knows no such webhook ({code})",
        "Make a new webhook in the settings of the channel in Discord.", 401, 404,
    ),
)  # fmt: skip
_REFUSALS: Final = (*_TUNNELS, *_HOSTS, *_FRAMEWORKS, *_CHATS)
_SUCCESSES: Final = (
    _by_body(
        r"webhook message delivery failed with error: microsoft teams endpoint returned http error (?P<code>\d{3})",
        "Microsoft Teams says in the body that it did not deliver the message (HTTP error {code})",
        "Send the events to a program of yours that turns them into messages, and sends them again where Teams says "
        "429.",
    ),
)  # fmt: skip
_SUCCESS_STATUSES: Final = range(200, 300)


def recognize_answer(status: int, headers: Mapping[str, str], body: bytes, host: str) -> KnownAnswer | None:
    """Recognise an answer that is known word for word; None for any other.

    `headers` have lower-case names; `body` may be cut off anywhere. host: the receiver's, to be shown.
    """
    text = read_text(body)
    for signature in _SUCCESSES if status in _SUCCESS_STATUSES else _REFUSALS:
        if signature.statuses and status not in signature.statuses:
            continue
        found = _find(signature, headers, text)
        if found is not None:
            named = {"host": host, "code": found.groupdict().get("code") or ""}
            return KnownAnswer(signature.meaning.format(**named), signature.fix.format(**named))
    return None


def _find(signature: _AnswerSignature, headers: Mapping[str, str], text: str) -> re.Match[str] | None:
    if signature.header_pattern is not None:
        return signature.header_pattern.fullmatch(headers.get(signature.header_name, "").strip())
    return None if signature.body_pattern is None else signature.body_pattern.search(text)
