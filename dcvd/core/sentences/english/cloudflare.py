"""English: what Cloudflare and certificate authorities say, and what keeps the service from going on."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CLOUDFLARE: Final[Mapping[str, str]] = MappingProxyType(
    {
        # The hostname at Cloudflare.
        "hostname_taken": (
            "{hostname} is registered at Cloudflare already, by somebody else. The operator of this service has to "
            "find out by whom; its owner can have it released there."
        ),
        "hostname_refused": "{hostname} cannot have a certificate: Cloudflare refuses the name.",
        "hostname_differs": (
            "{hostname} is at Cloudflare, but not as it was ordered. The operator has to change it there, or to delete "
            "it there, so that it is registered anew."
        ),
        "proxied_prevalidation": (
            "{hostname} is proxied in a zone at Cloudflare, so it cannot be validated before its record is changed. "
            "Point it to us now by this record: {record}."
        ),
        "hidden_from_cloudflare": (
            "Cloudflare does not see {hostname} lead to us, and where it leads is hidden from us. Make sure that it "
            "has this record, and no address: {record}."
        ),
        "zone_hold": (
            "The zone of {hostname} is on hold at Cloudflare, which keeps others from using its names. Whoever owns "
            "the zone has to release the hold, also for subdomains, in its Cloudflare account."
        ),
        "blocked_for_risk": (
            "Cloudflare blocks {hostname} and holds it for a risk. The operator has to ask Cloudflare's support to "
            "review it."
        ),
        "blocked": (
            "Cloudflare blocks {hostname} and gives no reason: it may hold it for a risk, or its zone. The operator "
            "has to ask Cloudflare's support to review it."
        ),
        "moved_and_back": ("Cloudflare gave {hostname} up while it did not point to us. It does now."),
        "validated_again": "It is being validated again.",
        "validated_again_at": "It is validated again at {when}.",
        "moved": (
            "Cloudflare gave {hostname} up, because it does not point to us. Create this record again: {record}."
        ),
        "timed_out": "The {stage} of {hostname}'s certificate took too long, and Cloudflare stopped trying.",
        "late_order": "order",
        "late_validation": "validation",
        "late_issuance": "issuance",
        "late_deployment": "deployment",
        "timed_out_restarted": "It is started again; nothing to do.",
        "timed_out_restarted_at": "It is started again at {when}; nothing to do.",
        "timed_out_record": "It goes on once this record is there: {record}.",
        "unknown_error": (
            "Cloudflare says of {hostname}: '{text}'. If that stays, the operator of this service has to ask "
            "Cloudflare's support what it means."
        ),
        # What a CA found.
        "ca_fault": (
            "The certificate authority has a fault of its own, for which {hostname} waits. It is tried again."
        ),
        "http_challenge_blocked": (
            "The certificate authority does not get its token from http://{hostname}/.well-known/. Let nothing "
            "redirect, challenge or block that path: firewall and page rules of the zone {zone} most of all."
        ),
        "ca_dnssec_bogus": (
            "The certificate authority finds DNSSEC of {hostname} broken. Fix the signatures of {zone}, or remove its "
            "DS record."
        ),
        "ca_caa_unanswered": (
            "The certificate authority gets no answer from the DNS servers of {zone}, which have to answer for "
            "{hostname} to CAA queries too, from everywhere. Contact the DNS provider."
        ),
        "ca_caa_blocks": (
            '{hostname} gets no certificate: a CAA record forbids our CA; add `0 issue "{ca}"` at {owner}.'
        ),
        "ca_caa_blocks_at_target": (
            "{hostname} gets no certificate: a CAA record of our own target forbids the certificate authority. The "
            "operator has to permit it there."
        ),
        "mpic_failed": (
            "The certificate authority reaches the DNS servers of {zone}, or the web server of {hostname}, from some "
            "places of the world and not from others. Let both answer everybody: blocks by country or network are the "
            "usual cause."
        ),
        "validation_unanswered": (
            "The certificate authority gets no answer from the DNS servers of {zone}, which have to answer for "
            "{hostname} from everywhere, whatever the type of the query. Contact the DNS provider."
        ),
        "failed_authorizations": (
            "The certificate authority takes no more tries for {hostname} for some hours, because so many have failed. "
            "It is tried again then; what made them fail has to be mended before."
        ),
        "authorizations_suspended": (
            "The certificate authority takes no more tries for {hostname}, because so many have failed, until somebody "
            "lifts that. The operator has to ask Cloudflare's support, or to choose another certificate authority."
        ),
        "ca_rate_limited": (
            "The certificate authority issues no more certificates for {zone} for now, because one of its limits is "
            "used up, so {hostname} waits. It is tried again; nothing to do."
        ),
        "token_expired": (
            "The proof for the certificate of {hostname} came too late and its token expired. It is started again with "
            "a new one."
        ),
        "ca_name_too_long": (
            "{hostname} is too long for a certificate by itself. The operator has to set `cloudflare_branding`, so "
            "that Cloudflare adds a shorter name."
        ),
        "ca_name_invalid": (
            "The certificate authority issues no certificate for {hostname}, because it takes it for no valid hostname."
        ),
        "ca_refuses_name": (
            "The certificate authority does not take names of the form of {hostname}. Another one may: the operator "
            "has to choose it."
        ),
        "ca_risk": (
            "The certificate authority holds {hostname} for a risk and does not issue for it. The operator has to ask "
            "Cloudflare's support to review it, or take another CA."
        ),
        "from_some_places": "This was so from some places of the world, and not from others.",
        "registry_unanswered": (
            "The certificate authority got no answer from the name servers of .{name}, which belong to its registry, "
            "so {hostname} waits. That passes; it is tried again."
        ),
        "delegation_unanswered": (
            "The certificate authority got no good answer from Cloudflare, to which the challenge of {hostname} is "
            "delegated. It is tried again."
        ),
        "target_unanswered": (
            "The certificate authority gets no answer from the DNS servers of {name}, to which {hostname} leads and "
            "which the operator of this service runs, when it looks up {types}."
        ),
        "lookup_unanswered": (
            "The certificate authority gets no answer from the DNS servers of {zone} when it looks up {types} for "
            "{name}. They have to answer such queries from everywhere, so that {hostname} gets its certificate. "
            "Contact the DNS provider."
        ),
        "lookup_bogus": (
            "The certificate authority finds DNSSEC of {name} broken, so {hostname} gets no certificate. Fix the "
            "signatures of {zone}, or remove its DS record."
        ),
        "lookup_absent_here": (
            "The certificate authority did not find {name} in DNS. Our own check finds {hostname}; it is tried again."
        ),
        "lookup_absent": ("The certificate authority does not find {name} in DNS. Create the record of {hostname}."),
        # The service.
        "waits_unauthorized": (
            "{hostname} waits: Cloudflare refuses this service's API token. The operator has to give it a valid one."
        ),
        "waits_zone_not_found": (
            "{hostname} waits: Cloudflare does not know the zone of this service. The operator has to set the right "
            "zone_id."
        ),
        "waits_zone_inactive": (
            "{hostname} waits: the zone of this service is not active at Cloudflare. The operator has to activate it."
        ),
        "waits_not_enabled": (
            "{hostname} waits: Cloudflare for SaaS is not enabled for the zone of this service. The operator has to "
            "enable it."
        ),
        "waits_quota": (
            "{hostname} waits: the operator's quota of custom hostnames at Cloudflare is used up, and has to be raised."
        ),
        "waits_fallback_origin": (
            "{hostname} waits: the fallback origin of the operator's zone at Cloudflare is missing or not active, and "
            "the operator has to set it."
        ),
        "waits_target": (
            "{hostname} waits: {target}, to which it has to point, has no address. The operator has to create it."
        ),
        "plan_lacks": (
            "{hostname} is not registered: the plan of the operator's zone at Cloudflare has not all of what is "
            "ordered for it. The operator has to change the plan, and to retry the registration."
        ),
        "plan_lacks_wildcard": (
            "{hostname} is not registered: the plan of the operator's zone at Cloudflare has no certificates with a "
            "wildcard. The operator has to change the plan, and to retry the registration; or the domain is added "
            "without the wildcard."
        ),
        "cloudflare_unavailable": (
            "{hostname} is not registered yet: Cloudflare does not take the call now. It is tried again."
        ),
        "registration_refused": (
            "Cloudflare refuses to register {hostname}, and says why. The operator of this service has to act."
        ),
        "many_waiting": (
            "{hostname} waits for {awaited}, as {count} domains of this service do, the first since {since}. This is "
            "no fault of {hostname}. No action needed: we keep trying."
        ),
        "stage_order": "Cloudflare to order the certificate",
        "stage_validation": "the certificate authority to validate the name",
        "stage_issuance": "the certificate authority to issue the certificate",
        "stage_deployment": "Cloudflare to deploy the certificate",
        "stage_hostname": "Cloudflare to serve the name",
    }
)
"""The templates by their ids."""
