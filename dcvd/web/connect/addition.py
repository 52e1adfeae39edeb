"""`/connect/{link}/domain`: a customer types the name that is to be added."""

from http import HTTPStatus
from typing import Any, Final

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from dcvd.core.dns.hostnames import normalise
from dcvd.core.domains.additions import DomainRequest
from dcvd.errors import InvalidInput
from dcvd.http.forms import read_form
from dcvd.http.request import ApiRequest
from dcvd.services.domains import details
from dcvd.services.typed_names import MAX_TYPED_CHARS, NameQuestion, find_question
from dcvd.web.connect.visit import Visit, open_visit


@post("/{link_token:str}/domain", status_code=200)
async def add_domain(request: ApiRequest, link_token: FromPath[str]) -> Response[Any]:
    """Add the name, or ask first: where it was read from something longer, is a whole domain, or does not exist."""
    visit = await open_visit(request, link_token)
    form = await read_form(request)
    typed = form.get("domain", "").strip()[:MAX_TYPED_CHARS]
    try:
        name = normalise(typed, allowed_tlds=request.context.config.domains.allow_reserved_tlds)
        if form.get("confirmed") != "true" and visit.link.domain_id is None:
            question = await find_question(request.services.diagnoser, request.org_id, typed, name, caller=request.auth)
            if question is not None:
                return _ask(visit, typed, question)
        await details.add(request.context, request.org_id, DomainRequest(domain_name=name), actor=request.actor)
    except InvalidInput as error:
        return _ask(visit, typed, NameQuestion(), fault=error.message)
    return visit.go_to()


def _ask(visit: Visit, typed: str, question: NameQuestion, *, fault: str | None = None) -> Response[Any]:
    return visit.show(
        "new",
        {"typed": typed, "fault": fault, "question": question},
        status=HTTPStatus.OK if fault is None else HTTPStatus.BAD_REQUEST,
    )


HANDLERS: Final[list[HTTPRouteHandler]] = [add_domain]
