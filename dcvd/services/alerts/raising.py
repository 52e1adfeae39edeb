"""Raise alerts: what happened is gathered for its audiences, in the transaction in which it happened."""

from collections.abc import Sequence
from typing import Final

import structlog
from msgspec.structs import replace

from dcvd.core.alerts.classification import read_alert
from dcvd.core.alerts.groups import MAX_GROUPS, Alert, add_to_group, clean_alert, plan_telling
from dcvd.core.alerts.kinds import AlertKind
from dcvd.core.events import EventDraft
from dcvd.services.alerts.rules import OPERATOR_AUDIENCE, can_have_contacts
from dcvd.services.context import Context
from dcvd.store.alerts import contacts, groups
from dcvd.store.engine.transactions import Transaction
from dcvd.store.organizations import organizations

log = structlog.get_logger(__name__)

_OTHER_CAUSES: Final = "others"


def raise_alerts(context: Context, tx: Transaction, org_id: str, drafts: Sequence[EventDraft]) -> None:
    """Gather those of an organization's events that are alerts, for its contacts and for the operator."""
    tells_contacts, tells_operator = can_have_contacts(context.config), is_operator_told(context)
    if not tells_contacts and not tells_operator:
        return
    found = _read_alerts(drafts, context.now())
    if not found:
        return
    if tells_contacts:
        told = contacts.list_active(tx, org_id)
        _gather(context, tx, org_id, [each for each in found if any(contact.wants(each.kind) for contact in told)])
    if tells_operator:
        organization = organizations.find(tx, org_id)
        name = org_id if organization is None else organization.name
        raise_for_operator(context, tx, [replace(each, name=f"{each.name} – {name}") for each in found])


def _read_alerts(drafts: Sequence[EventDraft], now: int) -> list[Alert]:
    """Read what of events is alerts. A fault of ours in that must not undo what happened."""
    found: list[Alert] = []
    for draft in drafts:
        try:
            alert = read_alert(draft, now)
        except Exception:
            log.exception("alerts.event_not_read", event_type=draft.type)
            continue
        if alert is not None:
            found.append(alert)
    return found


def raise_for_operator(context: Context, tx: Transaction, alerts: Sequence[Alert]) -> None:
    """Gather alerts for the operator, as far as they want to be told of them."""
    kinds = {AlertKind(name) for name in context.config.alerts.operator_kinds}
    if is_operator_told(context):
        _gather(context, tx, OPERATOR_AUDIENCE, [each for each in alerts if each.kind in kinds])


def is_operator_told(context: Context) -> bool:
    """Whether there is an address for the operator."""
    config = context.config
    return bool((config.alerts.operator_mail and config.mail.host) or config.alerts.targets)


def _gather(context: Context, tx: Transaction, org_id: str, alerts: Sequence[Alert]) -> None:
    if not alerts:
        return
    now = context.now()
    for alert in map(clean_alert, alerts):
        group = groups.find(tx, org_id, alert.kind, alert.cause)
        if group is None and groups.count_of_audience(tx, org_id, MAX_GROUPS) >= MAX_GROUPS:
            alert = replace(alert, cause=_OTHER_CAUSES)
            group = groups.find(tx, org_id, alert.kind, alert.cause)
        groups.put(tx, add_to_group(group, org_id, alert, now))
    schedule = groups.get_schedule(tx, org_id)
    planned = plan_telling(schedule, now, context.config.alerts.gather)
    if planned != schedule:
        groups.put_schedule(tx, planned)
