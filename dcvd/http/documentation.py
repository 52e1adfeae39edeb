"""What handlers say of themselves for the OpenAPI document."""

from dataclasses import dataclass
from typing import Any, Final

from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Operation, RequestBody, SecurityRequirement

from dcvd.http.answers.problem_view import Problem
from dcvd.http.answers.problems import MEDIA_TYPE

REF_TEMPLATE: Final = "#/components/schemas/{name}"
BEARER: Final[list[SecurityRequirement]] = [{"bearer": []}]

STATUS_MEANINGS: Final = {
    400: "Something in the request is wrong; `errors` names it.",
    401: "No valid bearer token.",
    403: "The token does not allow it, or the organization has as many as it may have.",
    404: "It does not exist, or it is another organization's.",
    408: "The rest of the body did not arrive in time.",
    409: "It conflicts with something that exists; `existingId` names that if it is yours.",
    410: "What is asked for was deleted at the end of its retention.",
    412: "It has been changed since you read it: its `ETag` is none of those in `If-Match`.",
    413: "The body is too large.",
    415: "The body is not plain JSON.",
    421: "The operator has named the hosts that are served, and the request is for another one.",
    429: "You have reached a limit; `Retry-After` says when to ask again.",
    500: "Something failed inside dcvd; `requestId` tells the operator where to look.",
    501: "The operator of this daemon has not set up what the call needs; the message names the setting.",
    502: "A provider refused, or its answer cannot be used.",
    503: "Something that the call needs is not available; `Retry-After` says when to ask again.",
}


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Document the failures of a call beside those that follow from what it is (see `dcvd.api.openapi.responses`)."""
    return {
        status: ResponseSpec(
            data_container=Problem,
            media_type=MEDIA_TYPE,
            description=STATUS_MEANINGS[status],
            generate_examples=False,
        )
        for status in statuses
    }


def success(status: int, body: type[Any], meaning: str) -> dict[int, ResponseSpec]:
    """Document a success, with its body and what it means."""
    return {status: ResponseSpec(data_container=body, description=meaning, generate_examples=False)}


@dataclass
class BodyMayBeEmpty(Operation):
    """Documents the body as optional, for a handler with a default for `data`: Litestar says that it is required."""

    def __post_init__(self) -> None:
        assert isinstance(self.request_body, RequestBody), "only a handler with `data` has a body"
        self.request_body.required = False
