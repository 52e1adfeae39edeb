"""Send one event to one endpoint again, whether or not the endpoint ever got it."""

from dcvd.core.jobs import Job
from dcvd.core.sentences.wording import word
from dcvd.core.webhooks.deliveries import DeliveryState
from dcvd.core.webhooks.replays import Replay, ReplayStatus
from dcvd.errors import Conflict
from dcvd.services.context import Context
from dcvd.services.events import lists as event_lists
from dcvd.services.webhooks import endpoints as endpoint_service
from dcvd.services.webhooks.replay_job import start_replay
from dcvd.services.webhooks.replays import is_selected
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.webhooks import replays


async def replay_event(context: Context, org_id: str, event_id: str, endpoint_id: str) -> Job:
    """Start the job that sends an event to an endpoint again, also where that is not subscribed to its type.

    Raises NotFound; Conflict where it is on its way already, or was never meant for the endpoint.
    """

    def query(snapshot: Snapshot) -> Replay:
        event = event_lists.get_owned(context, snapshot, org_id, event_id)
        endpoint = endpoint_service.get_owned(snapshot, org_id, endpoint_id)
        replay = Replay(
            endpoint_id=endpoint_id,
            status=ReplayStatus.ALL,
            events=(event.type,),
            since=event.created_at,
            until=event.created_at + 1,
            total=1,
            after_sequence=event.sequence - 1,
            last_sequence=event.sequence,
        )
        (found,) = replays.list_past_events(
            snapshot, endpoint, after=replay.after_sequence, last=replay.last_sequence, limit=1
        )
        if found.state is DeliveryState.PENDING:
            raise Conflict(
                word("event_on_its_way", event=event_id, delivery=str(found.delivery_id)),
                code="delivery_pending",
                existing_id=found.delivery_id,
            )
        if not is_selected(endpoint, replay, found, endpoint.history_starts_at):
            raise Conflict(word("event_not_meant", event=event_id), code="event_not_meant")
        return replay

    return await start_replay(context, org_id, await context.database.read(query))
