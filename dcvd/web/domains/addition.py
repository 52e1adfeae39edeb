"""A person adds a domain by typing its name."""

from http import HTTPStatus
from typing import Any, Final

from msgspec import Struct

from dcvd.core.dns.hostnames import normalise
from dcvd.core.dns.refused_names import RefusedName
from dcvd.core.domains.additions import DomainRequest
from dcvd.core.domains.domain import Domain
from dcvd.http.forms import read_form
from dcvd.http.request import ApiRequest
from dcvd.services.domains import details
from dcvd.services.typed_names import MAX_TYPED_CHARS, NameQuestion, find_question

_NO_QUESTION: Final = NameQuestion()


class TypedAddition(Struct, frozen=True, kw_only=True):
    """What came of a typed name: a domain; or a question, or a fault, with which the form is shown again."""

    typed: str = ""
    question: NameQuestion = _NO_QUESTION
    fault: RefusedName | None = None
    domain: Domain | None = None

    @property
    def status(self) -> HTTPStatus:
        """The status of the page that shows the form again."""
        return HTTPStatus.OK if self.fault is None else HTTPStatus.BAD_REQUEST

    @property
    def view(self) -> dict[str, Any]:
        """What the template of the form takes."""
        return {"typed": self.typed, "question": self.question, "fault": self.fault}


async def add_typed(request: ApiRequest, *, may_ask: bool = True) -> TypedAddition:
    """Add the name of a form, or ask first: where it was read from something longer, is a whole domain, or is doubtful.

    may_ask: False where the answer is known beforehand. Raises what `details.add` and a preview
    raise, and no RefusedName.
    """
    form = await read_form(request)
    typed = form.get("domain", "").strip()[:MAX_TYPED_CHARS]
    try:
        name = normalise(typed, allowed_tlds=request.context.config.domains.allow_reserved_tlds)
        if may_ask and form.get("confirmed") != "true":
            diagnoser = request.services.diagnoser
            question = await find_question(diagnoser, request.org_id, typed, name, caller=request.auth)
            if question is not None:
                return TypedAddition(typed=typed, question=question)
        asked = DomainRequest(domain_name=name)
        detail = await details.add(
            request.context,
            request.services.queue_positions,
            request.services.shared_additions,
            request.org_id,
            asked,
            actor=request.actor,
        )
    except RefusedName as refusal:
        return TypedAddition(typed=typed, fault=refusal)
    return TypedAddition(typed=typed, domain=detail.domain)
