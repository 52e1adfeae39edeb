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
        "job_error_remote_unavailable": "The other service did not answer, or not usefully.",
        "job_error_remote_refused": "The other service refused it.",
        "job_error_remote_unauthorized": "The other service refused the credentials.",
        "job_error_own_limit": "dcvd's own machine had no room left.",
        "job_error_restart_needed": "dcvd was upgraded, and its daemon has to be restarted.",
        "job_error_record_conflict": "Somebody changed the record at the same time.",
        "job_error_record_in_the_way": "Another record stands in the way.",
        "job_error_record_changed": "The record was changed since.",
        "job_error_changed_since_plan": "The zone was changed since the plan.",
        "job_error_zone_not_found": "The connection does not reach the zone.",
        "job_error_zone_not_in_use": "Resolvers are not led to this zone.",
        "job_error_provider_unavailable": "The DNS provider did not answer.",
        "job_error_dns_unavailable": "The name servers did not answer.",
        "job_error_internal_error": "dcvd itself failed at it.",
        "job_error_store_failed": "The database could not do its work.",
        "job_error_disk_full": "dcvd's disk is full.",
        "done_job_retried": "The job is tried again now.",
    }
)
"""The templates by their ids."""
