"""Metrics of the daemon itself: database, HTTP, clock, log, process."""

from typing import Final

from dcvd.metrics.definitions import define_counter, define_gauge, define_histogram

BUILD: Final = define_gauge("dcvd_build_info", "Always 1; the labels say what runs.", "version", "python", "sqlite")
SOURCE_UP: Final = define_gauge(
    "dcvd_metrics_source_up",
    "Whether the metrics of a source could be read for this scrape; where they could not, they are absent.",
    "source",
)
READY: Final = define_gauge(
    "dcvd_ready", "Whether requests are served, as GET /ready says; absent where no check of late has ended."
)
PART_READY: Final = define_gauge("dcvd_part_ready", "Whether a part works, as GET /ready says.", "part")

COMMITS: Final = define_counter("dcvd_store_commits_total", "Commits that are on disk.")
FAILED_COMMITS: Final = define_counter(
    "dcvd_store_failed_commits_total", "Commits of which nothing was acknowledged, by the code of the error.", "code"
)
COMMIT: Final = define_histogram(
    "dcvd_store_commit_seconds", "Time that a group of units of work took, to the end of its commit."
)
UNITS_WAITING: Final = define_gauge("dcvd_store_units_waiting", "Units of work that wait for the writer.")
WRITER_STALL: Final = define_gauge(
    "dcvd_store_writer_busy_seconds", "For how long the writer has been at its present group; 0 where it has none."
)
OUTAGE: Final = define_gauge("dcvd_store_outage_seconds", "For how long nothing could be stored; 0 while it can.")
COMMIT_AGE: Final = define_gauge("dcvd_store_last_commit_age_seconds", "Time since something was stored.")
LOG_SIZE: Final = define_gauge("dcvd_store_log_bytes", "Size of the write-ahead log.")
DATABASE_SIZE: Final = define_gauge("dcvd_store_database_bytes", "Size of the database file.")
FREE_SPACE: Final = define_gauge("dcvd_store_free_bytes", "What is free on the file system of the database.")
DISK_SIZE: Final = define_gauge("dcvd_store_disk_bytes", "Size of the file system of the database.")
LAST_BACKUP: Final = define_gauge(
    "dcvd_last_backup_timestamp_seconds", "When the last backup was made; absent where none was."
)

HTTP_REQUESTS: Final = define_counter(
    "dcvd_http_requests_total",
    "Requests by class of route and of status: 2xx, 3xx, 4xx, 5xx, none (the client or the daemon ended it).",
    "route",
    "status",
)
HTTP_REQUEST: Final = define_histogram(
    "dcvd_http_request_seconds", "Time from a request's head to the end of its answer, by class of route.", "route"
)
HTTP_IN_FLIGHT: Final = define_gauge("dcvd_http_requests_in_flight", "Requests that are under way.")
AUTHENTICATION_FAILURES: Final = define_counter(
    "dcvd_authentication_failures_total",
    "Requests without a valid token (refused, or limited after too many), and of users who are not_an_operator.",
    "reason",
)
NETWORK_CONNECTIONS: Final = define_gauge(
    "dcvd_network_connections",
    "Open connections by kind: api_tcp, api_unix, metrics (those of server.metrics_listen), webhooks.",
    "kind",
)

CLOCK_CONFIRMED: Final = define_gauge(
    "dcvd_clock_confirmed",
    "Whether something beside the machine's clock confirms the time: 0 while nothing is deleted or ended.",
)
CLOCK_AHEAD: Final = define_gauge(
    "dcvd_clock_ahead_seconds", "By how much the machine's clock is ahead of the time that is gone by."
)
CLOCK_STEPS: Final = define_counter(
    "dcvd_clock_steps_total", "Steps of the time that is gone by, after each of which all was planned anew."
)
REFUSED_ROUNDS: Final = define_counter(
    "dcvd_janitor_refused_rounds_total",
    "Rounds of the janitor that deleted nothing, because nothing confirmed the time.",
)

LOG_LINES_SUPPRESSED: Final = define_counter(
    "dcvd_log_lines_suppressed_total",
    "Log lines that were counted and not written: of anonymous callers, and those that repeated others.",
    "reason",
)
LOG_LINES_DROPPED: Final = define_counter(
    "dcvd_log_lines_dropped_total", "Log lines that were lost, because nobody read the log as fast as it was written."
)

LOOP_LAG: Final = define_histogram(
    "dcvd_event_loop_lag_seconds", "By how much the event loop woke later than it should have, twice a second."
)
PROCESS_CPU: Final = define_counter("process_cpu_seconds_total", "Processor time of the process.")
PROCESS_RESIDENT: Final = define_gauge("process_resident_memory_bytes", "Memory of the process that is in RAM.")
PROCESS_VIRTUAL: Final = define_gauge("process_virtual_memory_bytes", "Virtual memory of the process.")
PROCESS_START: Final = define_gauge("process_start_time_seconds", "When the process was started.")
PROCESS_OPEN_FDS: Final = define_gauge("process_open_fds", "Open descriptors of the process.")
PROCESS_MAX_FDS: Final = define_gauge("process_max_fds", "The most descriptors that the process may have.")
PROCESS_THREADS: Final = define_gauge("process_threads", "Threads of the process.")
