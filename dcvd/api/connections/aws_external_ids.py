"""`/api/oauth/aws/external-ids`: what a customer needs to make a role at AWS for us."""

from collections.abc import Awaitable
from typing import Any, Final

from litestar import Response, post
from litestar.params import JSONBody
from msgspec import Struct

from dcvd.http.answers.instants import Instant
from dcvd.http.answers.views import build_view
from dcvd.http.documentation import BodyMayBeEmpty, problems
from dcvd.http.idempotency import IdempotencyKey, answer_once
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.connections import aws_external_ids
from dcvd.services.connections.aws_external_ids import ExternalId
from dcvd.services.context import Context


class NewExternalId(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`domains`: the hostnames whose records the role may write; without any, the CNAMEs of all names."""

    domains: list[str] = []


class ExternalIdAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """What customers make a role from, in their AWS account; both policies are IAM documents."""

    external_id: str
    expires_at: Instant
    trust_policy: dict[str, Any]
    permissions_policy: dict[str, Any]
    instructions: list[str]


_FOR_ALL_NAMES: Final = NewExternalId()
_INSTRUCTIONS: Final = [
    "In the AWS account that holds the hosted zone, open IAM, Roles, Create role, Custom trust policy, and paste "
    "trustPolicy. Do not change its condition: it is what keeps others out.",
    "Create the role without permissions, for example with the name dcvd; then add an inline policy to it, and paste "
    "permissionsPolicy.",
    'Send the role\'s ARN: POST /api/oauth/connections {"provider": "route53", "credentials": {"roleArn": '
    '"arn:aws:iam::…:role/dcvd", "externalId": "…"}}. AWS may need a minute until it knows a new role.',
]


@post(
    "",
    summary="Get an ExternalId and the policies for a role at AWS",
    status_code=201,
    responses=problems(501),
    operation_class=BodyMayBeEmpty,
)
async def create_aws_external_id(
    request: ApiRequest, data: JSONBody[NewExternalId] = _FOR_ALL_NAMES, key: IdempotencyKey = None
) -> Response[ExternalIdAnswer]:
    """Get an ExternalId, with which this organization can make one connection within seven days."""
    sessions = request.services.access.drivers.aws_sessions

    def issue(context: Context) -> Awaitable[ExternalId]:
        return aws_external_ids.issue(context, sessions, request.org_id, data.domains)

    def respond(external_id: ExternalId) -> Response[ExternalIdAnswer]:
        return Response(build_view(ExternalIdAnswer, external_id, instructions=_INSTRUCTIONS))

    return await answer_once(request, key, issue, respond)


ROUTER: Final = Router(
    "/oauth/aws/external-ids",
    route_handlers=[create_aws_external_id],
    opt={"subject": "connections"},
    tags=["Connections"],
)
