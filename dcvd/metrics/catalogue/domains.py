"""Metrics of domains, their certificates and their checks."""

from typing import Final

from dcvd.metrics.definitions import define_counter, define_gauge, define_histogram

DOMAINS: Final = define_gauge(
    "dcvd_domains",
    "Domains by status, readiness and who has to act: customer, tenant, operator, cloudflare, nobody; none if ready.",
    "status",
    "ready",
    "waits_for",
)
DOMAINS_BROKEN: Final = define_gauge(
    "dcvd_domains_broken", "Domains that were ready before and are not, by who has to act.", "waits_for"
)
CERTIFICATES: Final = define_gauge(
    "dcvd_certificates",
    "Serving certificates by the days left: expired, under_1, 1_to_3, 3_to_7, 7_to_14, 14_to_30, 30_to_60, over_60.",
    "days_left",
)
RENEWALS_OVERDUE: Final = define_gauge(
    "dcvd_certificate_renewals_overdue", "Certificates that should have been renewed and were not."
)
CHECK_DELAY: Final = define_gauge(
    "dcvd_check_delay_seconds",
    "For how long the check has been due that waits longest, by lane: waiting, routine, failing.",
    "lane",
)
CHECKS: Final = define_counter(
    "dcvd_checks_total",
    "Checks of domains by outcome: seen, unanswered (DNS did not answer), cloudflare_failed.",
    "outcome",
)
PROBES: Final = define_counter("dcvd_edge_probes_total", "Probes of what serves a name, by what they saw.", "outcome")
ACTIVATION: Final = define_histogram(
    "dcvd_domain_activation_seconds", "Time from the addition of a domain until it was active for the first time."
)
ISSUANCE: Final = define_histogram(
    "dcvd_domain_issuance_seconds",
    "Time from a domain's last dns.verified until it was active for the first time.",
)
ORGANIZATIONS: Final = define_gauge("dcvd_organizations", "Organizations by status.", "status")
