"""Answers that are known word for word, of what stands before a receiver's code: what they say, and what to do.

Tunnels and hosts answer where nothing of the receiver runs, frameworks before they call its code, and chat services
take nothing but messages. All of it concerns the endpoint, and never one delivery or one type of events.
"""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from dcvd.core.sentences.sentence import Param, Sentence, say
from dcvd.core.webhooks.answers.text import read_text


class KnownAnswer(Struct, frozen=True):
    """What an answer says, as a sentence without its full stop, and a sentence on what to do."""

    meaning: Sentence
    fix: Sentence


class _AnswerSignature(Struct, frozen=True):
    """How an answer is recognised: by its status, and by its body or one of its headers.

    statuses: empty for any but success. The sentences may have the parameters `host` and `code`, which is the group
    `code` of the pattern.
    """

    meaning_id: str
    fix_id: str
    body_pattern: re.Pattern[str] | None = None
    header_name: str = ""
    header_pattern: re.Pattern[str] | None = None
    statuses: frozenset[int] = frozenset()


def _compile(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


def _by_body(text: str, meaning_id: str, fix_id: str, *statuses: int) -> _AnswerSignature:
    return _AnswerSignature(meaning_id, fix_id, body_pattern=_compile(text), statuses=frozenset(statuses))


def _by_header(name: str, text: str, meaning_id: str, fix_id: str) -> _AnswerSignature:
    return _AnswerSignature(meaning_id, fix_id, header_name=name, header_pattern=_compile(text))


_NGROK_OFFLINE: Final = (
    "known_ngrok_offline",
    "known_ngrok_offline_fix",
)
_NGROK_ALONE: Final = (
    "known_ngrok_alone",
    "known_ngrok_alone_fix",
)
_NGROK_OTHER: Final = (
    "known_ngrok_other",
    "known_ngrok_other_fix",
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
        "known_cloudflare_tunnel",
        "known_cloudflare_tunnel_fix",
    ),
    _by_body(
        r'("error_code": ?|\Aerror code: )(?P<code>10(0[0-4]|14|16|18|23))\b',
        "known_cloudflare_record",
        "known_cloudflare_record_fix",
    ),
    _by_body(
        r"503 - tunnel unavailable",
        "known_localtunnel",
        "known_localtunnel_fix",
    ),
)  # fmt: skip
_HOSTS: Final = (
    _by_header(
        "x-vercel-error", r"(?P<code>deployment_(not_found|deleted|disabled|paused|blocked))",
        "known_vercel_deployment",
        "known_vercel_deployment_fix",
    ),
    _by_body(
        r"\b(?P<code>deployment_(not_found|deleted|disabled|paused|blocked))\b",
        "known_vercel_deployment",
        "known_vercel_deployment_fix",
    ),
    _by_header(
        "x-vercel-error", r"(?P<code>\w{0,20}_invocation_timeout)", "known_vercel_timeout",
        "attempt_fix_late_answer",
    ),
    _by_header(
        "x-vercel-error", r"(?P<code>[a-z_]{3,60})", "known_vercel_other",
        "known_vercel_other_fix",
    ),
    _by_header(
        "x-vercel-mitigated", r"deny", "known_vercel_firewall",
        "known_vercel_firewall_fix",
    ),
    _by_body(
        r"herokucdn\.com/error-pages/no-such-app|<title>no such app", "known_heroku_app",
        "known_heroku_app_fix",
    ),
    _by_body(
        r"herokucdn\.com/error-pages/(application-error|maintenance)|<title>(application error|heroku \| )",
        "known_heroku_error",
        "known_heroku_error_fix",
        503,
    ),
    _by_body(
        r"this web app is stopped", "known_azure_stopped",
        "known_azure_stopped_fix",
    ),
    _by_body(
        r"\Anot found - request id: ", "known_netlify",
        "known_netlify_fix",
        404,
    ),
    _by_header(
        "x-render-routing", r"(?P<code>[a-z0-9-]{0,40}(no-server|hibernate|suspend|error)[a-z0-9-]{0,40})",
        "known_render",
        "known_render_fix",
    ),
    _by_header(
        "x-railway-fallback", r"true", "known_railway",
        "known_railway_fix",
    ),
    _by_body(
        r'application failed to respond', "known_railway",
        "known_railway_fix",
        502,
    ),
    _by_body(
        r'"message": ?"missing authentication token"',
        "known_aws_gateway",
        "known_aws_gateway_fix",
        403,
    ),
    _by_body(
        r"the requested webhook .{0,300}is not registered", "known_n8n",
        "known_n8n_fix",
        404,
    ),
)  # fmt: skip
_FRAMEWORKS: Final = (
    _by_body(
        r"(<h1>|\A)blocked hosts?: ", "known_rails_host",
        "known_rails_host_fix", 403,
    ),
    _by_body(
        r"\Ablocked request\. this host \(", "known_vite_host",
        "known_vite_host_fix", 403,
    ),
    _by_body(
        r"\Ainvalid host header\s*\Z", "known_webpack_host",
        "known_webpack_host_fix",
    ),
    _by_body(
        r"disallowedhost at |<h1>bad request \(400\)</h1>",
        "known_django_host",
        "known_django_host_fix", 400,
    ),
    _by_body(
        r"csrf verification failed|csrf token mismatch|invalid csrf token|tokenmismatchexception"
        r"|invalidauthenticitytoken|<title>page expired",
        "known_csrf",
        "answer_fix_csrf",
    ),
    _by_body(
        r"the plain http request was sent to https port|speaking plain http to an ssl-enabled server port"
        r"|\Aclient sent an http request to an https server\.?\s*\Z",
        "known_tls_alone", "known_tls_alone_fix", 400,
    ),
    _by_body(
        r"\A(upstream connect error or disconnect/reset before headers|no healthy upstream)",
        "known_envoy",
        "known_envoy_fix", 503,
    ),
    _by_body(
        r"no server is available to handle this request", "known_haproxy",
        "known_haproxy_fix", 503,
    ),
)  # fmt: skip
_CHATS: Final = (
    _by_body(
        r"\A(invalid_payload|no_text|missing_text_or_fallback_or_attachments)\s*\Z",
        "known_slack_form",
        "known_chat_fix", 400,
    ),
    _by_body(
        r"\A(?P<code>no_service|no_service_id|no_active_hooks|no_team|team_disabled|invalid_token|channel_not_found"
        r"|channel_is_archived|action_prohibited|posting_to_general_channel_denied|user_not_found)\s*\Z",
        "known_slack_gone",
        "known_slack_gone_fix", 400, 403, 404, 410,
    ),
    _by_body(
        r'"code": ?50006\b', "known_discord_form",
        "known_chat_fix", 400,
    ),
    _by_body(
        r'"code": ?(?P<code>10015|50027)\b', "known_discord_gone",
        "known_discord_gone_fix", 401, 404,
    ),
)  # fmt: skip
_REFUSALS: Final = (*_TUNNELS, *_HOSTS, *_FRAMEWORKS, *_CHATS)
_SUCCESSES: Final = (
    _by_body(
        r"webhook message delivery failed with error: microsoft teams endpoint returned http error (?P<code>\d{3})",
        "known_teams",
        "known_teams_fix",
    ),
)  # fmt: skip
_SUCCESS_STATUSES: Final = range(200, 300)


def recognize_answer(status: int, headers: Mapping[str, str], body: bytes, host: Param) -> KnownAnswer | None:
    """Recognise an answer that is known word for word; None for any other.

    `headers` have lower-case names; `body` may be cut off anywhere. host: the receiver's, to be shown.
    """
    text = read_text(body)
    for signature in _SUCCESSES if status in _SUCCESS_STATUSES else _REFUSALS:
        if signature.statuses and status not in signature.statuses:
            continue
        found = _find(signature, headers, text)
        if found is not None:
            code = found.groupdict().get("code") or ""
            meaning, fix = (say(each, host=host, code=code) for each in (signature.meaning_id, signature.fix_id))
            return KnownAnswer(meaning, fix)
    return None


def _find(signature: _AnswerSignature, headers: Mapping[str, str], text: str) -> re.Match[str] | None:
    if signature.header_pattern is not None:
        return signature.header_pattern.fullmatch(headers.get(signature.header_name, "").strip())
    return None if signature.body_pattern is None else signature.body_pattern.search(text)
