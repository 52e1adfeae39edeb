"""`/connect/{link}/domain`: a customer types the name that is to be added."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Struct

from dcvd.core.dns.hostnames import normalise, registrable_domain
from dcvd.core.domains.additions import DomainRequest
from dcvd.core.domains.domain import Finding
from dcvd.errors import InvalidInput
from dcvd.http.forms import read_form
from dcvd.http.request import ApiRequest
from dcvd.services.diagnosis import Preview
from dcvd.services.domains import details
from dcvd.web.connect.visit import Visit, open_visit

_MAX_TYPED_CHARACTERS: Final = 300


class Question(Struct, frozen=True, kw_only=True):
    """What the customer is asked before a name is added. choices: the names that they may mean, the best first."""

    choices: tuple[str, ...] = ()
    read_as: str | None = None
    apex: str | None = None
    findings: tuple[Finding, ...] = ()


@post("/{link_token:str}/domain", status_code=200)
async def add_domain(request: ApiRequest, link_token: FromPath[str]) -> Response[Any]:
    """Add the name, or ask first: where it was read from something longer, is a whole domain, or does not exist."""
    visit = await open_visit(request, link_token)
    form = await read_form(request)
    typed = form.get("domain", "").strip()[:_MAX_TYPED_CHARACTERS]
    try:
        name = normalise(typed, allowed_tlds=request.context.config.domains.allow_reserved_tlds)
        if form.get("confirmed") != "true" and visit.link.domain_id is None:
            question = await _find_question(request, typed, name)
            if question is not None:
                return _ask(visit, typed, question)
        await details.add(request.context, request.org_id, DomainRequest(domain_name=name), actor=request.actor)
    except InvalidInput as error:
        return _ask(visit, typed, Question(), fault=error.message)
    return visit.go_to()


async def _find_question(request: ApiRequest, typed: str, name: str) -> Question | None:
    """Find what to ask about a name; None where it is plainly meant."""
    preview = await request.services.diagnoser.preview(
        request.org_id, DomainRequest(domain_name=name), caller=request.auth
    )
    findings = _list_doubts(preview)
    is_apex = registrable_domain(name) == name
    is_as_typed = typed.lower().removesuffix(".") == name
    if is_as_typed and not is_apex and not findings:
        return None
    return Question(
        choices=(f"www.{name}", name) if is_apex else (name,),
        read_as=None if is_as_typed else name,
        apex=name if is_apex else None,
        findings=findings,
    )


def _list_doubts(preview: Preview) -> tuple[Finding, ...]:
    """List what says that the name itself is not right; that its record is missing is what comes next."""
    return tuple(finding for finding in preview.findings if finding.code in _DOUBTS)


def _ask(visit: Visit, typed: str, question: Question, *, fault: str | None = None) -> Response[Any]:
    return visit.show(
        "new",
        {
            "typed": typed,
            "fault": fault,
            "choices": question.choices,
            "read_as": question.read_as,
            "apex": question.apex,
            "findings": question.findings,
        },
        status=HTTPStatus.OK if fault is None else HTTPStatus.BAD_REQUEST,
    )


_DOUBTS: Final[Sequence[str]] = (
    "domain_unregistered",
    "domain_suspended",
    "hostname_unusual",
    "hostname_too_long",
    "tld_unknown",
)
HANDLERS: Final[list[HTTPRouteHandler]] = [add_domain]
