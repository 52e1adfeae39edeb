"""Metrics of what has to happen: deliveries, jobs, alerts, and the connections to DNS providers."""

from typing import Final

from dcvd.metrics.definitions import define_counter, define_gauge, define_histogram

DELIVERIES: Final = define_gauge(
    "dcvd_deliveries",
    "Deliveries: pending, waiting (for an earlier event), held (their endpoint is disabled), dead (letters).",
    "state",
)
DELIVERY_DELAY: Final = define_gauge(
    "dcvd_delivery_delay_seconds",
    "For how long the delivery has been due that waits longest, by the health of its endpoint: healthy, failing.",
    "health",
)
DELIVERY_ATTEMPTS: Final = define_counter(
    "dcvd_delivery_attempts_total",
    "Attempts of webhooks by outcome, such as delivered, http_error, timeout.",
    "outcome",
)
DELIVERY_ATTEMPT: Final = define_histogram("dcvd_delivery_attempt_seconds", "Time that an attempt of a webhook took.")
ATTEMPTS_IN_FLIGHT: Final = define_gauge("dcvd_delivery_attempts_in_flight", "Attempts of webhooks that run now.")
DELIVERIES_ENDED: Final = define_counter(
    "dcvd_deliveries_ended_total", "Deliveries that were delivered, are dead letters, or were cancelled.", "state"
)
OWN_FAULTS: Final = define_counter(
    "dcvd_delivery_own_faults_total",
    "Attempts of webhooks that came to nothing by a fault of dcvd's own machine, and used up no attempt.",
    "reason",
)
FIRST_ATTEMPT: Final = define_histogram(
    "dcvd_delivery_first_attempt_seconds", "Time from the commit of an event to the first attempt to deliver it."
)
SUCCESS: Final = define_histogram(
    "dcvd_delivery_success_seconds", "Time from the commit of an event to the 2xx of an endpoint."
)
ENDPOINTS: Final = define_gauge("dcvd_endpoints", "Endpoints by health: healthy, failing, disabled.", "health")
JOBS: Final = define_gauge("dcvd_jobs", "Jobs that are pending or dead, by kind.", "kind", "state")
JOB_DELAY: Final = define_gauge(
    "dcvd_job_delay_seconds", "For how long the job of a kind has been due that waits longest.", "kind"
)
JOB_ATTEMPTS: Final = define_counter(
    "dcvd_job_attempts_total", "Attempts of jobs by kind and outcome: done, failed, dead.", "kind", "outcome"
)
CONNECTIONS: Final = define_gauge("dcvd_connections", "Connections to DNS providers.", "provider", "status")
REFRESHES: Final = define_counter(
    "dcvd_connection_refreshes_total", "Refreshes of the access tokens of connections.", "outcome"
)
HEARTBEATS: Final = define_counter(
    "dcvd_heartbeats_total",
    "Heartbeats that were due: sent, failed, or withheld because a part does not work.",
    "outcome",
)
ALERT_ATTEMPTS: Final = define_counter(
    "dcvd_alert_attempts_total",
    "Attempts to send an alert; those with the outcome fault count for nobody.",
    "channel",
    "outcome",
)
