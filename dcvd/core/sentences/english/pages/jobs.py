"""English: the pages of jobs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

JOBS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "jobs_intro": (
            "What dcvd does in the background: it tries again what fails, and gives up after the last attempt."
        ),
        "jobs_all": "All jobs",
        "jobs_status": "Status",
        "jobs_kind": "Work",
        "jobs_cause": "Error",
        "jobs_attempts": "Attempts",
        "jobs_next": "Next attempt",
        "jobs_last_error": "Last error",
        "jobs_connection": "Connection",
        "jobs_action": "Action",
        "jobs_created": "Begun",
        "jobs_updated": "Last change",
        "jobs_id": "Id",
        "jobs_retry": "Try again",
        "jobs_retry_which": "Try again: {job}, {about}",
        "jobs_state_pending": "pending",
        "jobs_state_done": "done",
        "jobs_state_dead": "given up",
        "jobs_dead_causes": "Given up, by cause",
        "jobs_count": "{count} jobs",
        "jobs_count_one": "1 job",
        "jobs_causes_newest": "Only the newest thousand were counted.",
        "job_kind_register": "Registration at Cloudflare",
        "job_kind_deregister": "Removal at Cloudflare",
        "job_kind_revalidate": "New validation at Cloudflare",
        "job_kind_write_dns": "Writing of DNS records",
        "job_kind_refresh_token": "Renewal of a provider's access",
        "job_kind_replay": "Sending events again",
        "done_job_retried": "The job is tried again now.",
    }
)
"""The templates by their ids."""
