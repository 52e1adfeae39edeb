"""`/api/webhooks/{id}/…`: rotates an endpoint's secret, lists and replays its deliveries, and tests it."""

from collections.abc import Awaitable
from functools import partial
from typing import Annotated, Final

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType

from dcvd.api.webhooks.conformance_view import ConformanceAnswer, conformance_view
from dcvd.api.webhooks.delivery_filters import LIST_QUERY, InjectedListQuery
from dcvd.api.webhooks.delivery_view import (
    AttemptView,
    DeliveryList,
    DeliveryView,
    ExplanationView,
    attempt_view,
    delivery_view,
    explanation_view,
)
from dcvd.api.webhooks.replay_answer import replay_response
from dcvd.api.webhooks.replay_view import ReplayAnswer
from dcvd.api.webhooks.view import RotationAnswer, webhook_view, with_secrets
from dcvd.core.events import EventType
from dcvd.core.instants import SECOND, to_rfc3339
from dcvd.core.webhooks.replays import ReplayStatus
from dcvd.errors import InvalidInput
from dcvd.http.answers.instants import Instant, parse_instant
from dcvd.http.documentation import BodyMayBeEmpty, problems, success
from dcvd.http.idempotency import IdempotencyKey, answer_once
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoint_tests, endpoints, replay_job, secret_rotation
from dcvd.services.webhooks.replay_job import RequestedReplay
from dcvd.services.webhooks.secret_rotation import DEFAULT_GRACE_MS, MAX_GRACE_MS, SecretRotation


class Rotation(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """For how long the present secret signs beside the new one; 0: only the new secret signs from now on."""

    grace_seconds: int = DEFAULT_GRACE_MS // SECOND


_DEFAULT_ROTATION: Final = Rotation()


class NewReplay(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which events to send again: those from `since` on, before `until`.

    `dead`: events whose delivery is a dead letter; `missing`: events without a delivery, as far back as deliveries
    are kept after success; `all`: both, and delivered ones. `events`: only these, even if the endpoint is not
    subscribed to them.
    """

    since: Instant
    until: Instant | UnsetType = UNSET
    events: list[str] | UnsetType = UNSET
    status: ReplayStatus
    dry_run: bool = False


class TestRequest(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which type of event to send an example of; without it, `webhook.test`."""

    event: Annotated[
        str | UnsetType, Meta(description="A type of event; the endpoint need not be subscribed to it.")
    ] = UNSET


_DEFAULT_TEST: Final = TestRequest()


class TestAnswer(Struct, frozen=True):
    """The delivery with its only attempt, and an explanation if it failed."""

    delivery: DeliveryView
    attempt: AttemptView
    explanation: ExplanationView | None


@post(
    "/rotate-secret",
    summary="Rotate the secret",
    status_code=200,
    operation_class=BodyMayBeEmpty,
    responses=problems(409),
)
async def rotate_webhook_secret(
    request: ApiRequest,
    webhook_id: FromPath[str],
    data: JSONBody[Rotation] = _DEFAULT_ROTATION,
    key: IdempotencyKey = None,
) -> Response[RotationAnswer]:
    """Rotate the secret. The new one is in this answer and never again; the next attempt is signed with it."""
    grace = data.grace_seconds
    if not 0 <= grace <= MAX_GRACE_MS // SECOND:
        message = f"graceSeconds is {grace}; give a whole number from 0 to {MAX_GRACE_MS // SECOND}."
        raise InvalidInput("graceSeconds", message)

    def rotate(context: Context) -> Awaitable[SecretRotation]:
        return secret_rotation.rotate(context, request.org_id, webhook_id, grace_ms=grace * SECOND)

    def respond(rotation: SecretRotation) -> Response[RotationAnswer]:
        view = with_secrets(webhook_view(rotation.endpoint, request.context.now()), rotation.secret)
        return Response(RotationAnswer(webhook=view, previous_expires_at=to_rfc3339(rotation.previous_expires_at)))

    return await answer_once(request, key, rotate, respond)


@get(
    "/deliveries", summary="List the deliveries to an endpoint", opt={"subject": "deliveries"}, dependencies=LIST_QUERY
)
async def list_webhook_deliveries(
    request: ApiRequest, webhook_id: FromPath[str], list_query: InjectedListQuery
) -> DeliveryList:
    """List the endpoint's deliveries, newest first. A page may have fewer than `limit` and still a `nextCursor`."""
    return await list_query.fetch_page(request, webhook_id)


@post(
    "/replay",
    opt={"subject": "deliveries"},
    summary="Send past events again",
    status_code=202,
    responses=success(200, ReplayAnswer, "With `dryRun`: the count alone."),
)
async def replay_webhook(
    request: ApiRequest, webhook_id: FromPath[str], data: JSONBody[NewReplay], key: IdempotencyKey = None
) -> Response[ReplayAnswer]:
    """Start a job that sends the events again; each gets its full schedule, and keeps its `webhook-id`."""
    since = parse_instant("since", data.since)
    assert since is not None, "it is a required member"
    types = None if data.events is UNSET else _check_event_types(data.events)
    until = None if data.until is UNSET else parse_instant("until", data.until)

    def replay(context: Context) -> Awaitable[RequestedReplay]:
        return replay_job.request_replay(
            context,
            request.org_id,
            webhook_id,
            status=data.status,
            types=types,
            since=since,
            until=until,
            dry_run=data.dry_run,
        )

    # A dry run does nothing, so there is nothing to remember.
    return await answer_once(request, None if data.dry_run else key, replay, partial(replay_response, request))


@post("/test", summary="Send a test now", status_code=200, operation_class=BodyMayBeEmpty, responses=problems(409))
async def test_webhook(
    request: ApiRequest,
    webhook_id: FromPath[str],
    data: JSONBody[TestRequest] = _DEFAULT_TEST,  # noqa: PT028 - it is no test of ours
) -> TestAnswer:
    """Send one `webhook.test` to this endpoint alone, even if it is disabled or not subscribed to it.

    With `event`, send an example of that type as real ones are: its `data` has `test`, and its `sequence` is 0. Nothing
    of it is stored; the answer is all there is.
    """
    event_type = EventType.WEBHOOK_TEST if data.event is UNSET else endpoints.parse_event_type("event", data.event)
    context, tester = request.context, request.services.tester
    result = await endpoint_tests.run_test(context, tester, request.org_id, webhook_id, event_type)
    told = result.explanation
    explanation = None if told is None else explanation_view((told.statement,), (told.fix,) if told.fix else ())
    return TestAnswer(delivery_view(result.summary), attempt_view(result.attempt), explanation)


@post("/conformance", summary="Test the receiver", status_code=200, responses=problems(409))
async def check_conformance(request: ApiRequest, webhook_id: FromPath[str]) -> ConformanceAnswer:
    """Send a good delivery, the same again, a forged and an old one, and report what the receiver got wrong.

    Where the good one is refused, a few more find out whether the receiver changes bodies before it verifies them.
    """
    report = await request.services.tester.check_conformance(request.org_id, webhook_id)
    return conformance_view(report)


def _check_event_types(names: list[str]) -> list[EventType]:
    if not names:
        message = "events is empty; leave it out to mean all that the endpoint is subscribed to."
        raise InvalidInput("events", message, code="no_events")
    return [endpoints.parse_event_type(f"events[{index}]", name) for index, name in enumerate(names)]


ROUTER: Final = Router(
    "/webhooks/{webhook_id:str}",
    route_handlers=[
        rotate_webhook_secret,
        list_webhook_deliveries,
        replay_webhook,
        test_webhook,
        check_conformance,
    ],
    opt={"subject": "webhooks"},
    tags=["Webhooks"],
)
