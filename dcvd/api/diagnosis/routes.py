"""`/api/domains/{id}/diagnosis` and `/api/diagnose`: what is wrong with a name, and who has to act."""

from typing import Annotated, Final

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from dcvd.api.diagnosis.view import DiagnosisAnswer, PreviewAnswer, diagnosis_answer, preview_answer
from dcvd.core.domains.additions import DomainRequest
from dcvd.core.domains.domain import ValidationMethod
from dcvd.core.tokens.scopes import Scope
from dcvd.errors import Forbidden
from dcvd.http.documentation import success
from dcvd.http.languages import TranslatedOperation, language_headers, read_language
from dcvd.http.parameters import parse_flag, query_parameter
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services import diagnosis
from dcvd.services.diagnosis import FreshDiagnosis

Refresh = Annotated[
    str | None,
    query_parameter("refresh", "`true`: run a full check now, of DNS and Cloudflare.", type="boolean"),
]


Explain = Annotated[
    str | None,
    query_parameter("explain", "`true`: also show what was asked, and what came.", type="boolean"),
]


class DiagnoseName(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A hostname, with the members with which it would be added."""

    domain_name: str
    validation: ValidationMethod | None = None
    wildcard: bool = False


@get(
    "/domains/{domain_id:str}/diagnosis",
    summary="Diagnose a domain",
    opt={"link": True},
    operation_class=TranslatedOperation,
    responses=success(202, DiagnosisAnswer, "The check takes longer; this is what is stored."),
)
async def get_diagnosis(
    request: ApiRequest, domain_id: FromPath[str], refresh: Refresh = None
) -> Response[DiagnosisAnswer]:
    """Show what is wrong, who has to act and what exactly to type, as of the last check.

    With `refresh=true` DNS and Cloudflare are asked first. The answer is 202 with what is stored when that takes longer
    than 5 s, when Cloudflare does not answer, or while too many of your other diagnoses run.
    """
    services = request.services
    is_refresh = parse_flag("refresh", refresh)
    if not is_refresh or request.is_head:
        stored = await diagnosis.diagnose_stored(request.context, request.org_id, domain_id)
        return refreshed_response(request, FreshDiagnosis(stored, is_fresh=True))
    result = await services.diagnoser.refresh(services.checks, request.org_id, domain_id, caller=request.auth)
    return refreshed_response(request, result)


@post(
    "/diagnose",
    summary="Diagnose a name",
    status_code=200,
    opt={"scope": Scope.DOMAINS_READ, "link": True},
    operation_class=TranslatedOperation,
)
async def diagnose_name(
    request: ApiRequest, data: JSONBody[DiagnoseName], explain: Explain = None
) -> Response[PreviewAnswer]:
    """Ask DNS what would keep a name from working before it is added; nothing is stored.

    A name that cannot have a certificate is a finding, not an error. With `explain=true` the answer has the facts that
    the findings follow from, and each query with its answer.
    """
    domain_request = DomainRequest(domain_name=data.domain_name, validation=data.validation, wildcard=data.wildcard)
    is_explained = parse_flag("explain", explain)
    if is_explained and request.auth.link_id is not None:
        raise Forbidden("By a link nobody is told whom this service asks: leave `explain` out.")
    preview = await request.services.diagnoser.preview(
        request.org_id, domain_request, caller=request.auth, is_explained=is_explained
    )
    language = read_language(request)
    return Response(preview_answer(preview, language), headers=language_headers(language))


def refreshed_response(request: ApiRequest, result: FreshDiagnosis) -> Response[DiagnosisAnswer]:
    """Build the answer to a refresh: 202 if it shows what was stored before."""
    language = read_language(request)
    return Response(
        diagnosis_answer(result.diagnosis, language),
        status_code=200 if result.is_fresh else 202,
        headers=language_headers(language),
    )


ROUTER: Final = Router(
    "/", route_handlers=[get_diagnosis, diagnose_name], opt={"subject": "domains", "limited": True}, tags=["Domains"]
)
