"""`/api/domains/{id}/diagnosis` and `/api/diagnose`: who has to do what."""

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
"""Seconds that a caller waits for a fresh look, which may have to wait for Cloudflare."""

_BOOLEAN: Final[dict[str, Any]] = {**TEXT, "enum": ["true", "false"]}
Refresh = Annotated[
    str | None,
    QueryParameter(
        name="refresh", description="`true`: look again now, at all that there is to know.", schema_extra=_BOOLEAN
    ),
]


class DiagnoseName(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A hostname as it would be added."""

    domain_name: str
    validation: ValidationMethod | None = None
    wildcard: bool = False


@get(
    "/domains/{domain_id:str}/diagnosis",
    summary="Diagnose a domain",
    responses={**success(202, DiagnosisAnswer, "The look takes longer; this is what is stored."), **problems(400, 404)},
)
async def get_diagnosis(
    request: ApiRequest, domain_id: FromPath[str], refresh: Refresh = None
) -> Response[DiagnosisAnswer]:
    """What is wrong, who has to act and what exactly to type, as it was last seen.

    With `refresh=true` DNS and Cloudflare are asked first. After 5 s, when Cloudflare cannot say now, or while other
    diagnoses of yours are under way, with 202 and what is stored.
    """
    context = request.context
    if not _parse_refresh(refresh):
        return Response(diagnosis_answer(await diagnosis.diagnose_stored(context, request.org_id, domain_id)))
    found = await diagnosis.diagnose_stored(context, request.org_id, domain_id)
    fresh = await check_now(request, found.domain, owner=request.org_id, actor=request.actor)
    return Response(
        diagnosis_answer(await diagnosis.diagnose_stored(context, request.org_id, domain_id)),
        status_code=200 if fresh else 202,
    )


@post("/diagnose", summary="Diagnose a name", status_code=200, responses=problems(400, 403, 413, 415, 429, 503))
async def diagnose_name(request: ApiRequest, data: JSONBody[DiagnoseName]) -> PreviewAnswer:
    """What would keep a name from working, asked of DNS now, before it is added; nothing is stored.

    A name that cannot have a certificate is a finding, not an error.
    """
    wish = DomainRequest(domain_name=data.domain_name, validation=data.validation, wildcard=data.wildcard)
    return preview_answer(await request.services.diagnoser.preview(request.org_id, wish))


async def check_now(request: ApiRequest, domain: Domain, *, owner: str, actor: str) -> bool:
    """Whether a fresh, thorough look was made and stored in time; `owner` is whose share of them it is."""
    context = request.context
    try:
        with request.services.diagnoser.admit(owner):
            await timeline.store_request(context, domain, actor=actor, what="diagnosis")
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                await request.services.checker.check(domain, is_thorough=True, actor=actor)
    except (TimeoutError, RemoteError, TooManyRequests) as error:
        if isinstance(error, TimeoutError):
            # Accepted means that it will be done: the timer takes the domain up next.
            await checks.check_now(context, domain.id)
        log.info("api.refresh_unfinished", domain_id=domain.id, error=str(error) or type(error).__name__)
        return False
    return True


def _parse_refresh(text: str | None) -> bool:
    if text not in (None, "true", "false"):
        raise InvalidInput("refresh", f"refresh is {text!r}; give true or false.")
    return text == "true"


ROUTER: Final = Router("/", route_handlers=[get_diagnosis, diagnose_name], tags=["Domains"])
