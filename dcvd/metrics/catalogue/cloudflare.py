"""Metrics of Cloudflare's API and of the operator's zone there."""

from typing import Final

from dcvd.metrics.definitions import define_counter, define_gauge, define_histogram

CALLS: Final = define_counter(
    "dcvd_cloudflare_calls_total",
    "Calls to Cloudflare by outcome: ok, not_found, refused, unauthorized, rate_limited, failed (5xx), unanswered.",
    "method",
    "path",
    "outcome",
)
CALL: Final = define_histogram("dcvd_cloudflare_call_seconds", "Time that a call to Cloudflare took.")
CALLS_WAITING: Final = define_gauge(
    "dcvd_cloudflare_calls_waiting",
    "Calls that wait for their turn, by urgency: now, soon, routine, last; and certificate, for new certificates.",
    "urgency",
)
REQUESTS_LEFT: Final = define_gauge(
    "dcvd_cloudflare_requests_left",
    "Calls that the budget still allows now; absent where cloudflare.requests_per_5m is 0.",
)
REQUEST_LIMIT: Final = define_gauge(
    "dcvd_cloudflare_requests_limit", "Calls that the budget allows in 5 minutes; absent where there is no limit."
)
CERTIFICATES_LEFT: Final = define_gauge(
    "dcvd_cloudflare_certificates_left",
    "Certificates that can be ordered now; absent where cloudflare.certificates_per_minute is 0.",
)
PAUSE: Final = define_gauge(
    "dcvd_cloudflare_pause_seconds", "For how long no call is made, since Cloudflare asked for a pause; else 0."
)
TOKEN_VALID: Final = define_gauge(
    "dcvd_cloudflare_token_valid",
    "Whether Cloudflare took the API token the last time: 1, or 0 where it refused it; absent until it has answered.",
)
TOKEN_CHECKED: Final = define_gauge(
    "dcvd_cloudflare_token_checked_timestamp_seconds", "When Cloudflare last took or refused the API token."
)
ZONE_FAULTS: Final = define_gauge(
    "dcvd_cloudflare_zone_faults", "Whether a fault of the zone at Cloudflare keeps hostnames waiting, by code.", "code"
)
ZONE_CHECKED: Final = define_gauge(
    "dcvd_cloudflare_zone_checked_timestamp_seconds", "When the zone at Cloudflare was last checked."
)
HOSTNAMES: Final = define_gauge(
    "dcvd_cloudflare_hostnames", "Custom hostnames that the zone has; absent until Cloudflare said it."
)
HOSTNAMES_ALLOWED: Final = define_gauge(
    "dcvd_cloudflare_hostnames_allowed", "Custom hostnames that the zone may have; absent until Cloudflare said it."
)
NOTIFICATIONS: Final = define_counter(
    "dcvd_cloudflare_notifications_total", "Notifications that Cloudflare sent, by outcome.", "outcome"
)
