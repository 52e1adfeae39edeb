"""Send many events again: how many is said before anything is sent."""

from collections.abc import Mapping
from typing import Any

from litestar import Response, post
from litestar.params import FromPath

from dcvd.core.instants import to_rfc3339
from dcvd.core.webhooks.replays import ReplayStatus
from dcvd.errors import InvalidInput
from dcvd.http.forms import read_form
from dcvd.http.parameters import parse_choice
from dcvd.http.request import ApiRequest
from dcvd.services.webhooks import replay_job
from dcvd.services.webhooks.endpoints import parse_event_type
from dcvd.services.webhooks.replay_job import RequestedReplay
from dcvd.web.dashboard.typed_instants import parse_typed_instant
from dcvd.web.dashboard.visit import Visit, open_visit
from dcvd.web.dashboard.webhooks.endpoint_page import ReplayForm, show_page
from dcvd.web.dashboard.webhooks.rights import REPLAY, RETRY_ALL


@post("/{endpoint_id:str}/replay", status_code=200, opt=REPLAY)
async def replay_events(request: ApiRequest, endpoint_id: FromPath[str]) -> Response[Any]:
    """Count the events of a span, and send them again where that is confirmed."""
    visit = await open_visit(request)
    form = await read_form(request)
    try:
        requested = await _request_replay(request, endpoint_id, form)
    except InvalidInput as error:
        typed = {name: form.get(name, "") for name in ("since", "until", "status", "event")}
        return await show_page(visit, endpoint_id, replay=ReplayForm(**typed, fault=error))
    return _answer(visit, requested, form, f"/webhooks/{endpoint_id}/replay", back=f"/webhooks/{endpoint_id}")


@post("/retry", status_code=200, opt=RETRY_ALL)
async def retry_dead_letters(request: ApiRequest) -> Response[Any]:
    """Count the dead letters of all endpoints, and send them again where that is confirmed."""
    visit = await open_visit(request)
    form = await read_form(request)
    requested = await replay_job.request_replay(
        request.context,
        request.org_id,
        None,
        status=ReplayStatus.DEAD,
        until=parse_typed_instant("until", form.get("until")),
        dry_run=not _is_confirmed(form),
    )
    return _answer(visit, requested, form, "/deliveries/retry", back="/webhooks")


async def _request_replay(request: ApiRequest, endpoint_id: str, form: Mapping[str, str]) -> RequestedReplay:
    event = form.get("event", "")
    return await replay_job.request_replay(
        request.context,
        request.org_id,
        endpoint_id,
        status=parse_choice("status", form.get("status"), ReplayStatus) or ReplayStatus.DEAD,
        types=[parse_event_type("event", event)] if event else None,
        since=parse_typed_instant("since", form.get("since")) or 0,
        until=parse_typed_instant("until", form.get("until")),
        dry_run=not _is_confirmed(form),
    )


def _is_confirmed(form: Mapping[str, str]) -> bool:
    return form.get("confirmed") == "true"


def _answer(
    visit: Visit, requested: RequestedReplay, form: Mapping[str, str], action: str, *, back: str
) -> Response[Any]:
    """Say how many there are, with the button that sends just these; or that it has begun."""
    if requested.job is not None:
        return visit.go_to(back, done="done_replay_started")
    replay = requested.replay
    fields = {
        "since": to_rfc3339(replay.since),
        "until": to_rfc3339(replay.until),
        "status": replay.status.value,
        "event": form.get("event", ""),
        "confirmed": "true",
    }
    return visit.show("webhooks/replay", {"replay": replay, "fields": fields, "action": action, "back_to": back})


ENDPOINT_HANDLERS = (replay_events,)
DELIVERY_HANDLERS = (retry_dead_letters,)
