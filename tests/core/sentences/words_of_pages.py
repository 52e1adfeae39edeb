"""What the catalogue's tests have to know of the pages, subject by subject."""

from typing import Final

SAME_WORDS: Final[dict[str, set[str]]] = {
    "timeline": {"timeline_request", "timeline_request_detailed"},
    "connect": {"connect_name", "connect_ttl"},
    "frame": {
        "sign_in_token", "dashboard_navigation", "dashboard_api", "dashboard_signed_in", "dashboard_domains",
        "dashboard_webhooks", "dashboard_tokens", "dashboard_at",
    },
    # domains
    "domains": {
        "domain_light_dns",
        "domains_csv",
        "domains_name",
        "domains_status",
        "domains_when",
    },
    # webhooks
    "webhooks": {
        "webhooks_url", "webhooks_domain", "webhooks_most", "webhooks_seconds", "webhooks_phase_dns",
        "webhooks_phase_tls", "recorded", "step", "answer_known", "answer_plain", "conformance_listed",
    },
    # events
    "events": {"events_at", "events_domain", "events_endpoint", "events_id"},
    # tokens
    "tokens": {"tokens_at", "tokens_browser", "tokens_subject_domains", "tokens_subject_webhooks"},
    # connections
    "connections": {
        "connections_provider_cloudflare", "connections_provider_godaddy", "connections_provider_route53",
        "connections_at", "connections_domains", "connections_member_aws_role_external_id",
        "connections_member_tsig_server", "connections_member_tsig_zone", "connections_member_tsig_port",
    },
    # jobs
    "jobs": {"jobs_id"},
    # audit
    "audit": {"audit_actor_cloudflare", "audit_actor_daemon"},
    # members
    "members": {"members_at"},
    # alerts
    "alerts": {"alerts_at"},
    # branding
    "branding": {"branding_part_text", "branding_part_link", "branding_ratio"},
    # quick start
    "quick_start": {"quick_start_tokens"},
    "operator": {
        "operator_actor_cloudflare", "operator_at", "operator_browser", "operator_cause_line", "operator_domain",
        "operator_endpoint", "operator_id", "operator_limit_domains", "operator_limit_endpoints",
        "operator_limit_links", "operator_limit_tokens", "operator_name",
    },
}  # fmt: skip
"""Words that both languages have."""

COMPOSED_OF_PAGES: Final[dict[str, str]] = {
    # domains
    "domains": "domains?_(state|verdict|awaited|light)_[a-z_]+",
    "findings": r"finding_[a-z_]+",
    # webhooks
    "webhooks": (
        r"webhooks_(health|disabled|status|action|window|outcome|phase|then|probe|probe_state|ordering|replay)_[a-z_]+"
    ),
    # events
    "events": r"event_[a-z_]+",
    # tokens
    "tokens": r"tokens_(subject|act|role_explained)_[a-z]+",
    # connections
    "connections": r"connections_(provider|method|form|member)_[a-z0-9_]+",
    # jobs
    "jobs": r"jobs_state_[a-z]+|job_(kind|error)_[a-z_]+",
    # audit
    "audit": r"audit_(action|actor)_[a-z_]+",
    # members
    "members": "",
    # alerts
    "alerts": r"alerts_(status|explained|kind)_[a-z_]+",
    # branding
    "branding": r"branding_scheme_[a-z]+",
    "operator": (
        r"operator_(weight|problem|waits_for|actor|token|serves|alerts|oldest_check|organization|limit|domain|connection)"
        r"_[a-z_]+"
    ),
}
"""Patterns of ids that templates and code put together from a prefix and the member of a closed set."""
