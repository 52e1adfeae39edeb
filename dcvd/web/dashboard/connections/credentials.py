"""`/dashboard/connections/new`: connect by credentials, and get what a role at AWS is made of."""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Template

from dcvd.core.connections.connection import ConnectionMethod
from dcvd.core.connections.credentials_forms import CredentialsForm, CredentialsMember, find_form, name_form
from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput
from dcvd.http.forms import read_form
from dcvd.http.given_credentials import read_credentials
from dcvd.http.request import ApiRequest
from dcvd.services.connections import aws_external_ids
from dcvd.services.connections.aws_external_ids import ExternalId
from dcvd.web.dashboard.typed import Faults, Fields, split_entries
from dcvd.web.dashboard.visit import Visit, open_visit

_FORM: Final = "form"
_PREFIX: Final = "credentials."
_AWS_ROLE: Final = "route53_aws_role"
_CAPITAL: Final = re.compile("([A-Z])")


@get("/new")
async def show_form(request: ApiRequest) -> Template:
    """Ask for the credentials of a provider."""
    visit = await open_visit(request)
    return _ask(visit, _find_form(request.query_params))


@post("/new", status_code=200)
async def create_connection(request: ApiRequest) -> Response[Any] | Template:
    """Try the credentials at the provider, and store them; what is secret has to be typed again after a fault."""
    visit, fields, services = await open_visit(request), await read_form(request), request.services
    form = _find_form(fields)
    try:
        credentials = read_credentials(form.provider, _read_members(form, fields))
        connection = await services.credential_trials.connect(
            request.context, services.access.drivers, request.org_id, form.provider, credentials, actor=request.actor
        )
    except InvalidInput as error:
        return _ask(visit, form, fields, {error.field.removeprefix(_PREFIX): error})
    return visit.go_to(f"/connections/{connection.id}", done="done_connected")


@post("/aws-external-ids", status_code=200)
async def create_aws_external_id(request: ApiRequest) -> Template:
    """Give an ExternalId and the policies for a role at AWS, with the form that takes the role."""
    visit, fields = await open_visit(request), await read_form(request)
    form = find_form(_AWS_ROLE)
    assert form is not None, "the form is one of ours"
    sessions = request.services.access.drivers.aws_sessions
    names = split_entries(fields.get("domains", ""))
    try:
        issued = await aws_external_ids.issue(request.context, sessions, request.org_id, names)
    except InvalidInput as error:
        return _ask(visit, form, fields, {"domains": error})
    return _ask(visit, form, {"externalId": issued.external_id}, issued=issued)


def _find_form(fields: Mapping[str, str]) -> CredentialsForm:
    form = find_form(fields.get(_FORM, ""))
    if form is None:
        raise InvalidInput(_FORM, word("credentials_form_unknown"))
    return form


def _read_members(form: CredentialsForm, fields: Fields) -> dict[str, Any]:
    """Return what was typed as the API has it. Raises InvalidInput for a member that is missing, or no number."""
    members: dict[str, Any] = {}
    for member in form.members:
        text = fields.get(member.name, "").strip()
        if not text and member.default is None:
            raise InvalidInput(member.name, word("member_missing", member=member.name))
        if isinstance(member.default, int) and text:
            if not (text.isascii() and text.isdecimal() and len(text) <= 9):
                raise InvalidInput(member.name, word("member_no_number", member=member.name))
            members[member.name] = int(text)
        elif text:
            members[member.name] = text
    return members


def _ask(
    visit: Visit,
    form: CredentialsForm,
    fields: Fields | None = None,
    faults: Faults | None = None,
    issued: ExternalId | None = None,
) -> Template:
    names = {member.name for member in form.members} | {"domains"}
    return visit.show(
        "connections/new",
        {
            "name": name_form(form),
            "members": [(member, name_words(form, member)) for member in form.members],
            "typed": fields or {},
            "faults": {name if name in names else "": fault for name, fault in (faults or {}).items()},
            "is_aws_role": form.method is ConnectionMethod.AWS_ROLE,
            "issued": issued,
            "policies": [] if issued is None else _show_policies(issued),
        },
        status=HTTPStatus.BAD_REQUEST if faults else HTTPStatus.OK,
    )


def name_words(form: CredentialsForm, member: CredentialsMember) -> str:
    """Return the id of the words for a member; with `_hint` behind it, that of its explanation."""
    snake_name = _CAPITAL.sub(r"_\1", member.name).lower()
    return f"connections_member_{form.method.value}_{snake_name}"


def _show_policies(issued: ExternalId) -> list[tuple[str, str]]:
    return [
        ("connections_trust_policy", json.dumps(issued.trust_policy, indent=2)),
        ("connections_permissions_policy", json.dumps(issued.permissions_policy, indent=2)),
    ]


HANDLERS: Final[list[HTTPRouteHandler]] = [show_form, create_connection, create_aws_external_id]
