"""`/api/domains/{id}/diagnosis` and `/api/diagnose`: what is wrong with a name, and who has to act."""

import asyncio
from typing import Annotated, Any, Final

import structlog
from litestar import Response, Router, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct

from dcvd.api.diagnosis.view import DiagnosisAnswer, PreviewAnswer, diagnosis_answer, preview_answer
from dcvd.api.http.documentation import problems, success
from dcvd.api.http.parameters import TEXT
from dcvd.api.http.request import ApiRequest
from dcvd.core.domains.additions import DomainRequest
from dcvd.core.domains.domain import Domain, ValidationMethod
from dcvd.errors import InvalidInput, RemoteError, TooManyRequests
from dcvd.services import diagnosis, timeline
from dcvd.services.lifecycle import checks

log = structlog.get_logger(__name__)

CHECK_TIMEOUT_S: Final = 5.0
"""Seconds that a caller waits for a fresh check, which may have to wait for Cloudflare."""

_BOOLEAN: Final[dict[str, Any]] = {**TEXT, "enum": ["true", "false"]}
Refresh = Annotated[
    str | None,
    QueryParameter(
        name="refresh", description="`true`: run a full check now, of DNS and Cloudflare.", schema_extra=_BOOLEAN
    ),
]


class DiagnoseName(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A hostname, with the members with which it would be added."""

    domain_name: str
    validation: ValidationMethod | None = None
    wildcard: bool = False


@get(
    "/domains/{domain_id:str}/diagnosis",
    summary="Diagnose a domain",
    responses={
        **success(202, DiagnosisAnswer, "The check takes longer; this is what is stored."),
        **problems(400, 404),
    },
)
async def get_diagnosis(
    request: ApiRequest, domain_id: FromPath[str], refresh: Refresh = None
) -> Response[DiagnosisAnswer]:
    """Show what is wrong, who has to act and what exactly to type, as of the last check.

    With `refresh=true` DNS and Cloudflare are asked first. The answer is 202 with what is stored when that takes longer
    than 5 s, when Cloudflare does not answer, or while too many of your other diagnoses run.
    """
    context = request.context
    if not _parse_refresh(refresh):
        return Response(diagnosis_answer(await diagnosis.diagnose_stored(context, request.org_id, domain_id)))
    stored = await diagnosis.diagnose_stored(context, request.org_id, domain_id)
    is_fresh = await check_now(request, stored.domain, owner=request.org_id, actor=request.actor)
    return Response(
        diagnosis_answer(await diagnosis.diagnose_stored(context, request.org_id, domain_id)),
        status_code=200 if is_fresh else 202,
    )


@post("/diagnose", summary="Diagnose a name", status_code=200, responses=problems(400, 403, 413, 415, 429, 503))
async def diagnose_name(request: ApiRequest, data: JSONBody[DiagnoseName]) -> PreviewAnswer:
    """Ask DNS what would keep a name from working before it is added; nothing is stored.

    A name that cannot have a certificate is a finding, not an error.
    """
    domain_request = DomainRequest(domain_name=data.domain_name, validation=data.validation, wildcard=data.wildcard)
    return preview_answer(await request.services.diagnoser.preview(request.org_id, domain_request))


async def check_now(request: ApiRequest, domain: Domain, *, owner: str, actor: str) -> bool:
    """Whether a fresh, full check was made and stored in time; it counts against the share of `owner`."""
    context = request.context
    try:
        with request.services.diagnoser.admit(owner):
            await timeline.store_request(context, domain, actor=actor, what="diagnosis")
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                await request.services.checker.check(domain, is_thorough=True, actor=actor)
    except (TimeoutError, RemoteError, TooManyRequests) as error:
        if isinstance(error, TimeoutError):
            # 202 promises that the check will be made: this makes the domain due now.
            await checks.check_now(context, domain.id)
        log.info("api.refresh_unfinished", domain_id=domain.id, error=str(error) or type(error).__name__)
        return False
    return True


def _parse_refresh(text: str | None) -> bool:
    if text not in (None, "true", "false"):
        raise InvalidInput("refresh", f"refresh is {text!r}; give true or false.")
    return text == "true"


ROUTER: Final = Router("/", route_handlers=[get_diagnosis, diagnose_name], tags=["Domains"])
