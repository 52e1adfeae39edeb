"""The rules that the rows keep together, each as the statement that finds what breaks it.

They hold after every commit, and so after a kill at any moment. They read whole tables, and are for a check alone.
"""

from typing import Final

from msgspec import Struct

from dcvd.core.epochs import EPOCH_SIZE
from dcvd.store.webhooks.delivery_order import HAS_EARLIER


class Rule(Struct, frozen=True):
    """A rule: `sql` selects a text for each row that breaks it, `meaning` is the sentence that tells what is wrong."""

    name: str
    meaning: str
    sql: str


_STORED_EVENTS: Final = (
    "SELECT o.id AS org_id, e.sequence, lag(e.sequence, 1, o.forgotten_sequence) OVER"
    " (PARTITION BY o.id ORDER BY e.sequence) AS earlier"
    " FROM organizations o JOIN events e ON e.org_id = o.id AND e.sequence > o.forgotten_sequence"
    " WHERE o.status <> 'deleting'"
)

_COUNTS: Final = {
    "domains_counted": (
        "SELECT status || ' ' || waits_for || ' ' || broken, domains FROM domain_counts",
        "SELECT status || ' ' || ifnull(waits_for, '') || ' ' || (broken_since IS NOT NULL), 1 FROM domains",
    ),
    "certificates_counted": (
        "SELECT expiry_hour, certificates FROM certificate_counts",
        "SELECT expires_at / 3600000, 1 FROM domains WHERE expires_at IS NOT NULL",
    ),
    "deliveries_counted": (
        "SELECT endpoint_id || ' ' || backlog, deliveries FROM delivery_counts",
        "SELECT endpoint_id || ' ' || backlog, 1 FROM deliveries WHERE backlog IS NOT NULL",
    ),
    "jobs_counted": (
        "SELECT kind || ' ' || state, jobs FROM job_counts",
        "SELECT kind || ' ' || state, 1 FROM jobs WHERE state <> 'done'",
    ),
    "endpoints_counted": ("SELECT health, endpoints FROM endpoint_counts", "SELECT health, 1 FROM webhook_endpoints"),
    "connections_counted": (
        "SELECT provider || ' ' || status, connections FROM connection_counts",
        "SELECT provider || ' ' || status, 1 FROM oauth_connections",
    ),
}
"""What triggers count: statements of the stored counts, and of the rows that they count, by the same keys."""


def _count_rule(name: str, stored: str, counted: str) -> Rule:
    """Return the rule that stored counts are what the rows say."""
    subject = name.removesuffix("_counted")
    return Rule(
        name,
        f"The count of {subject} is not that of their rows.",
        f"SELECT key || ': ' || sum(stored) || ' instead of ' || sum(counted) FROM ("
        f" SELECT key, count AS stored, 0 AS counted FROM (SELECT NULL AS key, 0 AS count UNION ALL {stored})"
        f" UNION ALL SELECT key, 0, count FROM (SELECT NULL AS key, 0 AS count UNION ALL {counted}))"
        " GROUP BY key HAVING sum(stored) <> sum(counted)",
    )


RULES: Final = (
    Rule(
        "event_gap",
        "Between two events of an organization a number is missing, and no epoch begins there.",
        f"SELECT org_id || ': ' || earlier || ', then ' || sequence FROM ({_STORED_EVENTS})"
        # `may_follow` of dcvd.core.epochs, over all rows.
        f" WHERE sequence <> earlier + 1 AND NOT (sequence % {EPOCH_SIZE} = 1"
        f" AND sequence / {EPOCH_SIZE} > earlier / {EPOCH_SIZE})",
    ),
    Rule(
        "event_count",
        "The newest event of an organization does not have the number that was given out last.",
        "SELECT o.id || ': ' || coalesce(max(e.sequence), o.forgotten_sequence) || ' instead of ' || o.last_sequence"
        " FROM organizations o LEFT JOIN events e ON e.org_id = o.id AND e.sequence > o.forgotten_sequence"
        " WHERE o.status <> 'deleting' GROUP BY o.id"
        " HAVING coalesce(max(e.sequence), o.forgotten_sequence) <> o.last_sequence"
        # An epoch has begun, and had no event yet.
        f" AND NOT (o.last_sequence % {EPOCH_SIZE} = 0 AND o.last_sequence > coalesce(max(e.sequence), 0))",
    ),
    Rule(
        "unknown_epoch",
        "Events have numbers of an epoch that no restore has begun.",
        f"SELECT id || ': ' || last_sequence FROM organizations WHERE last_sequence / {EPOCH_SIZE} > 0"
        f" AND last_sequence / {EPOCH_SIZE} NOT IN (SELECT epoch FROM epochs)",
    ),
    Rule(
        "event_body",
        "The body of an event names another event or number than its row.",
        "SELECT id FROM events WHERE json_extract(CAST(body AS TEXT), '$.id') IS NOT id"
        " OR json_extract(CAST(body AS TEXT), '$.sequence') IS NOT sequence",
    ),
    Rule(
        "delivery_of_another",
        "A delivery says otherwise than its event, or goes to another organization's endpoint.",
        "SELECT d.id FROM deliveries d JOIN events e ON e.id = d.event_id JOIN webhook_endpoints w"
        " ON w.id = d.endpoint_id WHERE (d.org_id, d.event_type, d.sequence) IS NOT (e.org_id, e.type, e.sequence)"
        " OR d.domain_id IS NOT e.domain_id OR w.org_id <> d.org_id",
    ),
    Rule(
        "delivery_stuck",
        "A delivery waits for an earlier one of its domain, and there is none.",
        # What an endpoint without an order still holds back, as a change was cut off, is released by the next start.
        "SELECT d.id FROM deliveries d JOIN webhook_endpoints w ON w.id = d.endpoint_id AND w.ordering = 'domain'"
        f" WHERE d.state = 'pending' AND d.next_attempt_at IS NULL AND NOT {HAS_EARLIER.format('d')}",
    ),
    Rule(
        "delivery_overtakes",
        "A delivery is due although an earlier one of its domain has to come first.",
        "SELECT d.id FROM deliveries d WHERE d.state = 'pending' AND d.next_attempt_at IS NOT NULL"
        f" AND {HAS_EARLIER.format('d')}",
    ),
    Rule(
        "delivery_without_attempt",
        "A delivery was delivered by no attempt.",
        "SELECT id FROM deliveries WHERE state = 'delivered' AND attempts = 0",
    ),
    Rule(
        "endpoint_health",
        "An endpoint is disabled without a reason, or has a reason and is not.",
        "SELECT id FROM webhook_endpoints WHERE (health = 'disabled') <> (disabled_reason IS NOT NULL)",
    ),
    Rule(
        "hostname_claimed_twice",
        "Two domains have the same hostname at Cloudflare.",
        "SELECT cf_id || ': ' || group_concat(id, ' ') FROM domains NOT INDEXED WHERE cf_id IS NOT NULL"
        " GROUP BY cf_id HAVING count(*) > 1",
    ),
    Rule(
        "name_proved_twice",
        "Two domains of one name are proved.",
        "SELECT name || ': ' || group_concat(id, ' ') FROM domains NOT INDEXED WHERE proof IS NOT NULL"
        " GROUP BY name HAVING count(*) > 1",
    ),
    Rule(
        "claims_counted",
        "A domain does not know whether there are others of its name.",
        "SELECT d.id FROM domains d JOIN (SELECT name, count(*) > 1 AS contested FROM domains GROUP BY name) n"
        " ON n.name = d.name WHERE d.contested <> n.contested",
    ),
    Rule(
        "answers_counted",
        "The remembered answers of an organization are counted wrong.",
        "SELECT o.id FROM organizations o LEFT JOIN (SELECT org_id, count(*) AS count, sum(size) AS bytes FROM ("
        " SELECT org_id, length(key) + length(fingerprint) + length(outcome) AS size FROM bulk_lines UNION ALL"
        " SELECT org_id, length(fingerprint) + length(sealed_answer) FROM idempotency_answers) GROUP BY org_id) b"
        " ON b.org_id = o.id WHERE (o.remembered_lines, o.remembered_bytes) IS NOT"
        " (coalesce(b.count, 0), coalesce(b.bytes, 0))",
    ),
    Rule(
        "session_of_another",
        "A session belongs to another organization than its token or its member.",
        "SELECT s.id FROM sessions s JOIN api_tokens t ON t.id = s.token_id WHERE t.org_id <> s.org_id"
        " UNION ALL SELECT s.id FROM sessions s JOIN members m ON m.id = s.member_id WHERE m.org_id <> s.org_id",
    ),
    *(_count_rule(name, *statements) for name, statements in _COUNTS.items()),
    Rule(
        "job_of_no_domain",
        "A job waits that should have ended with its domain.",
        "SELECT j.id FROM jobs j WHERE j.state = 'pending' AND j.ends_with_domain AND j.domain_id IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM domains d WHERE d.id = j.domain_id)",
    ),
)
