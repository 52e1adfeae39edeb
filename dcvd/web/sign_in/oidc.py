"""`/sign-in/oidc`: members sign in at the identity provider that the operator has set (OpenID Connect)."""

from hmac import compare_digest
from http import HTTPStatus
from typing import Any, Final

import structlog
from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect, Template

from dcvd.core.branding.branding import Branding
from dcvd.core.connections.oauth import AuthorizationResponse, is_wrong_issuer, read_authorization_response
from dcvd.core.http.own_paths import read_own_path
from dcvd.core.oidc.attempts import SignInAttempt, new_attempt, read_attempt
from dcvd.core.oidc.people import VerifiedPerson
from dcvd.errors import Forbidden, NotConfigured, Permanent, RemoteError, Retryable, Unauthorized
from dcvd.http.access.same_origin import check_same_origin
from dcvd.http.access.session_cookie import build_session_cookie
from dcvd.http.answer_headers import OWN_REFERRER
from dcvd.http.answers.problems import REQUEST_ID, refuse_head
from dcvd.http.forms import read_form
from dcvd.http.request import ApiRequest
from dcvd.oauth.openid import CALLBACK_PATH, name_provider
from dcvd.services.sessions import member_sign_in
from dcvd.services.sessions.beginning import BegunSession, Browser
from dcvd.services.sessions.member_sign_in import ADDRESS_NOT_VERIFIED, NO_GROUP_OF_ROLES
from dcvd.web.pages.failures import LOOK
from dcvd.web.pages.page import PageLook, choose_page_language, render_page
from dcvd.web.sign_in.attempt_cookie import build_attempt_cookie, build_attempt_removal, read_attempt_cookie
from dcvd.web.sign_in.redirection import DASHBOARD_PATH, NEXT_FIELD, OIDC_PATH

log = structlog.get_logger(__name__)

_SENTENCES: Final = {
    ADDRESS_NOT_VERIFIED: "oidc_address_not_verified",
    NO_GROUP_OF_ROLES: "oidc_no_group_of_roles",
}
"""What people are told who are not let in, by the code of the error."""
_STRANGERS: Final = "strangers"
"""Who shares one limit, because nothing tells them apart."""


@get(OIDC_PATH)
async def lead_to_provider(request: ApiRequest) -> Response[Any]:
    """Send the browser to the provider, with what only its answer to this browser will fit."""
    services = request.services
    path = read_own_path(request.query_params.get(NEXT_FIELD), DASHBOARD_PATH)
    attempt = new_attempt(services.context.random_bytes)
    try:
        with services.sign_in_limit.admit(request.client_claimant or _STRANGERS):
            url = await services.openid.build_authorization_url(attempt)
    except RemoteError as error:
        return _refuse(request, *_explain(error))
    cookie = build_attempt_cookie(services.context.config, attempt.secret.reveal(), path)
    return Redirect(url, status_code=303, cookies=[cookie])


@get(CALLBACK_PATH)
async def take_answer(request: ApiRequest) -> Response[Any]:
    """Take the provider's answer: sign in the member, have them choose, or say why neither goes."""
    services, config = request.services, request.services.context.config
    if request.is_head:
        raise refuse_head()
    if not config.web_oidc.issuer:
        raise NotConfigured("People sign in with tokens here: the operator has set no provider (web.oidc).")
    secret, path = read_attempt_cookie(config, request.scope, DASHBOARD_PATH)
    attempt, answer = read_attempt(secret), _read_answer(request)
    if attempt is None or answer is None or not _is_of(attempt, answer):
        return _refuse(request, "oidc_other_attempt", HTTPStatus.BAD_REQUEST)
    try:
        with services.sign_in_limit.admit(request.client_claimant or _STRANGERS):
            person = await _identify(request, attempt, answer)
    except RemoteError as error:
        return _refuse(request, *_explain(error))
    except Forbidden as error:
        log.info("oidc.refused", code=error.code)
        return _refuse(request, _SENTENCES[error.code], HTTPStatus.FORBIDDEN)
    if person is None:
        return _refuse(request, "oidc_declined", HTTPStatus.FORBIDDEN)
    memberships = await member_sign_in.list_memberships(services.context, person)
    if len(memberships) > 1:
        code = await member_sign_in.offer_choice(services.context, person)
        cookie = build_attempt_cookie(config, code.reveal(), path)
        context = {"memberships": memberships, "address": person.address}
        return _show(request, "sign_in/organizations.html", context, HTTPStatus.OK, cookie)
    begun = None
    if memberships:
        (membership,) = memberships
        begun = await member_sign_in.begin(services.context, person, membership.member.id, _describe_browser(request))
    if begun is None:
        return _refuse(request, "oidc_no_member", HTTPStatus.FORBIDDEN, address=person.address)
    return _let_in(request, begun, path)


@post(f"{OIDC_PATH}/organization", status_code=200)
async def choose_organization(request: ApiRequest) -> Response[Any]:
    """Sign in the member that was chosen among those of one person."""
    context, config = request.services.context, request.services.context.config
    check_same_origin(request.scope, config.server.public_url)
    form = await read_form(request)
    code, path = read_attempt_cookie(config, request.scope, DASHBOARD_PATH)
    begun = await member_sign_in.choose(context, code, form.get("member", ""), _describe_browser(request))
    if begun is None:
        return _refuse(request, "oidc_other_attempt", HTTPStatus.BAD_REQUEST)
    return _let_in(request, begun, path)


async def _identify(
    request: ApiRequest, attempt: SignInAttempt, answer: AuthorizationResponse
) -> VerifiedPerson | None:
    """Return who came back; None for whom the provider did not let in. Raises RemoteError, Forbidden."""
    client = request.services.openid
    expected = await client.describe_answer()
    if is_wrong_issuer(expected.issuer, answer.issuer, is_required=expected.issuer_required):
        raise Permanent("The answer is of another provider.", code="bad_id_token")
    if answer.code is None:
        log.info("oidc.declined", error=answer.error)
        return None
    return await member_sign_in.identify(request.services.context, client, answer.code, attempt)


def _read_answer(request: ApiRequest) -> AuthorizationResponse | None:
    try:
        return read_authorization_response(request.scope["query_string"].decode("latin-1"))
    except ValueError:
        return None


def _is_of(attempt: SignInAttempt, answer: AuthorizationResponse) -> bool:
    return compare_digest(answer.state.encode(), attempt.state.reveal().encode())


def _describe_browser(request: ApiRequest) -> Browser:
    return Browser(
        request_id=request.scope["state"][REQUEST_ID],
        address=request.client_address,
        user_agent=request.headers.get("user-agent"),
    )


def _explain(error: RemoteError) -> tuple[str, HTTPStatus]:
    """Return the sentence for people, and the status, for what went wrong with the provider; the log has the rest."""
    log.warning("oidc.failed", code=error.code, error=error.message)
    if isinstance(error, Retryable):
        return "oidc_unavailable", HTTPStatus.SERVICE_UNAVAILABLE
    if isinstance(error, Unauthorized) and error.code == "invalid_grant":
        return "oidc_other_attempt", HTTPStatus.BAD_REQUEST
    return "oidc_untrusted", HTTPStatus.BAD_GATEWAY


def _let_in(request: ApiRequest, begun: BegunSession, path: str) -> Response[Any]:
    """Give the browser its session, on a page that goes on by itself: a redirect from elsewhere brings no cookie."""
    config = request.services.context.config
    cookie = build_session_cookie(config, begun.secret.reveal(), begun.lifetime_ms)
    answer = _show(request, "sign_in/again.html", {"path": path}, HTTPStatus.OK, build_attempt_removal(config))
    answer.headers |= {"Refresh": f"0; url={path}", "Set-Cookie": cookie}
    return answer


def _refuse(request: ApiRequest, sentence_id: str, status: HTTPStatus, **params: str) -> Response[Any]:
    provider = name_provider(request.services.context.config.web_oidc)
    context = {"sentence_id": sentence_id, "params": {"provider": provider, **params}}
    return _show(
        request, "sign_in/refused.html", context, status, build_attempt_removal(request.services.context.config)
    )


def _show(request: ApiRequest, name: str, context: dict[str, Any], status: HTTPStatus, cookie: Cookie) -> Template:
    look = request.scope["state"][LOOK] = PageLook(choose_page_language(request, Branding()))
    answer = render_page(name, look, context, status=status, headers=OWN_REFERRER, has_scripts=False)
    answer.cookies.append(cookie)
    return answer


HANDLERS: Final[list[HTTPRouteHandler]] = [lead_to_provider, take_answer, choose_organization]
