"""The codes of findings, which are stable and for programs; each finding's message says what its code means."""

from enum import StrEnum


class FindingCode(StrEnum):
    """The code of a finding. The set is closed, and no code ever changes its meaning; old ones may still be stored."""

    # The way from the hostname to the target.
    CNAME_MISSING = "cname_missing"
    WRONG_RECORD_TYPE = "wrong_record_type"
    CNAME_WRONG_TARGET = "cname_wrong_target"
    NAME_DOUBLED = "name_doubled"
    TARGET_DOUBLED = "target_doubled"
    APEX_CNAME = "apex_cname"
    CONFLICTING_RECORDS = "conflicting_records"
    AAAA_ELSEWHERE = "aaaa_elsewhere"
    PROXIED_UNVERIFIABLE = "proxied_unverifiable"
    SUBDOMAIN_DELEGATED = "subdomain_delegated"
    CNAME_LOOP = "cname_loop"
    CHAIN_LONG = "chain_long"
    WILDCARD_MASKS = "wildcard_masks"

    # The zone and its servers.
    DOMAIN_SUSPENDED = "domain_suspended"
    DOMAIN_UNREGISTERED = "domain_unregistered"
    DNSSEC_BOGUS = "dnssec_bogus"
    NS_INCONSISTENT = "ns_inconsistent"
    NS_LAME = "ns_lame"
    PROPAGATING = "propagating"

    # The certificate authority's permission and proof.
    CAA_BLOCKS = "caa_blocks"
    CAA_UNANSWERED = "caa_unanswered"
    CHALLENGE_TXT_CONFLICT = "challenge_txt_conflict"
    CHALLENGE_HIDDEN = "challenge_hidden"
    CHALLENGE_PROXIED = "challenge_proxied"
    CHALLENGE_MISSING = "challenge_missing"
    WILDCARD_MISSING = "wildcard_missing"
    DELEGATION_MISSING = "delegation_missing"
    WILDCARD_NEEDS_DELEGATION = "wildcard_needs_delegation"

    # Our own service.
    RESOLVERS_FAILED = "resolvers_failed"
    CLOUDFLARE_UNAUTHORIZED = "cloudflare_unauthorized"
    CLOUDFLARE_ZONE_NOT_FOUND = "cloudflare_zone_not_found"
    CLOUDFLARE_ZONE_INACTIVE = "cloudflare_zone_inactive"
    CLOUDFLARE_UNAVAILABLE = "cloudflare_unavailable"
    SAAS_NOT_ENABLED = "saas_not_enabled"
    TARGET_UNRESOLVED = "target_unresolved"
    PLAN_LACKS = "plan_lacks"
    MANY_WAITING = "many_waiting"
    REGISTRATION_REFUSED = "registration_refused"

    # What serves it, as a probe saw it.
    EDGE_UNREACHABLE = "edge_unreachable"
    EDGE_WITHOUT_CERTIFICATE = "edge_without_certificate"
    EDGE_WRONG_CERTIFICATE = "edge_wrong_certificate"
    EDGE_REFUSES = "edge_refuses"
    ORIGIN_DOWN = "origin_down"

    # The name itself.
    HOSTNAME_INVALID = "hostname_invalid"
    HOSTNAME_TOO_LONG = "hostname_too_long"
    HOSTNAME_UNUSUAL = "hostname_unusual"
    TLD_UNKNOWN = "tld_unknown"

    # Whose the name is.
    OWNERSHIP_UNPROVED = "ownership_unproved"
    DORMANT = "dormant"

    # What only Cloudflare knows.
    ZONE_HOLD = "zone_hold"
    HOSTNAME_TAKEN = "hostname_taken"
    QUOTA_EXCEEDED = "quota_exceeded"
    CA_RATE_LIMITED = "ca_rate_limited"
    TOKEN_EXPIRED = "token_expired"
    HTTP_CHALLENGE_BLOCKED = "http_challenge_blocked"
    VALIDATION_UNANSWERED = "validation_unanswered"
    REGISTRY_UNANSWERED = "registry_unanswered"
    NAME_UNRESOLVED = "name_unresolved"
    MPIC_FAILED = "mpic_failed"
    FAILED_AUTHORIZATIONS = "failed_authorizations"
    CA_FAULT = "ca_fault"
    CA_REFUSES_NAME = "ca_refuses_name"
    PROXIED_PREVALIDATION = "proxied_prevalidation"
    UNKNOWN_ERROR = "unknown_error"
    HIGH_RISK_DOMAIN = "high_risk_domain"
    MOVED = "moved"
    VALIDATION_TIMED_OUT = "validation_timed_out"
    FALLBACK_ORIGIN = "fallback_origin"
    HOSTNAME_DIFFERS = "hostname_differs"
