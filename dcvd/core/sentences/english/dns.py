"""English: what a check of DNS and a probe of the edge find."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

DNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Parts.
        "verbatim": "{text}",
        "and": "and",
        "more": "{count} more",
        "record": "type {type}, name `{host}`, value `{value}`",
        "record_in_words": "type {type}, name `{host}`, value {value}",
        "target_when_added": "the target that it is given when it is added",
        "other_servers": "other name servers",
        "wildcard_certificates": "Wildcard certificates",
        "delegated_certificates": "Certificates by delegated validation",
        "our_caa_record": "our own target's CAA record",
        "domains_caa_record": "the domain's CAA record",
        "no_name": "no name",
        "cloudflares_error": "its error {number}",
        "status_code": "the status {status}",
        # The record is missing, or stands at the wrong name.
        "cname_missing": "No CNAME exists for {hostname}. Create this record: {record}.",
        "zone_run_by_servers": "The zone {zone} is run by {servers}: the record has to be created there.",
        "zone_run_by_provider": (
            "The zone {zone} is run by {provider} ({servers}): create the record there, below {page}."
        ),
        "zone_delegated": (
            "No CNAME exists for {hostname}. {zone} is run by {servers}. Create this record there: {record}."
        ),
        "part_delegated": (
            "No CNAME exists for {hostname}. Its part of the domain is run by {servers}. Create this record there: "
            "{record}."
        ),
        "name_doubled": "The record was saved as {saved}. Enter only {host} as the name.",
        "target_doubled": (
            "{name} points to {alias}: the provider appended {appended} to the value. End it with a dot: {target}."
        ),
        "wrong_type_for": (
            "The record for {name} has the type TXT, with the name {target} as its text. Change its type to CNAME."
        ),
        "wrong_type_at": (
            "The record at {name} has the type TXT, with the name {target} as its text. Change its type to CNAME."
        ),
        "slip": "You typed {typed}; it has to be {meant}.",
        "wildcard_masks": (
            "A wildcard record catches {hostname}, and leads it to {end}. Create a record for {hostname} itself: "
            "{record}."
        ),
        "wildcard_may_end": (
            "{hostname} may lead here by a wildcard alone. First make sure that it has a record of its own: {record}. "
            "Once there is a record below it, as for its certificate, a wildcard no longer answers for it."
        ),
        "wildcard_will_end": (
            "{hostname} leads here by a wildcard alone. First add a record for {hostname} itself: once there is one "
            "below it, as for its certificate, the wildcard no longer answers for it. Create this record: {record}."
        ),
        "wildcard_missing": (
            "Names below {hostname} do not lead here, and its certificate is for them too. Also create this record: "
            "{record}."
        ),
        # The record leads elsewhere, or others are in its way.
        "record_proxied": "The record for {hostname} is proxied; we are confirming it through Cloudflare.",
        "record_proxied_preview": (
            "The record is proxied by Cloudflare, which hides where it leads. Once the name is added, that is "
            "confirmed."
        ),
        "zone_of_its_own": (
            "{hostname} is a zone of its own, run by {servers}, and the top of a zone cannot hold a CNAME. Delete the "
            "NS records of {hostname} in the zone above it, and create this record there: {record}."
        ),
        "apex_unknown_provider": (
            "{name} is the top of a zone, where no CNAME can be. Use the provider's ALIAS, ANAME or CNAME flattening "
            "to {target}. If it has none, add www.{name} here instead, and redirect {name} to it."
        ),
        "apex_impossible": (
            "{name} is the top of a zone, where no CNAME can be, and {provider} has no other record that leads to "
            "{target}. Either add www.{name} here instead, and redirect {name} to it, or move the zone to a provider "
            "that has ALIAS records."
        ),
        "apex_flattened": ("{name} is the top of a zone. {provider} takes a CNAME to {target} there, and flattens it."),
        "apex_typed": (
            "{name} is the top of a zone, where no CNAME can be. Use the type {type} of {provider}, to {target}."
        ),
        "records_in_the_way": (
            "{hostname} has {types} records where its CNAME should be. Delete the existing {types} records for "
            "{hostname}, then create this one: {record}."
        ),
        "addresses_in_the_way": (
            "{hostname} has {types} records ({addresses}) where its CNAME should be. Delete the existing {types} "
            "records for {hostname}, then create this one: {record}."
        ),
        "cloudflares_addresses_in_the_way": (
            "{hostname} has addresses of Cloudflare ({addresses}), and not those that lead here: its record is proxied "
            "there, or another account at Cloudflare has it. Where that account is yours, change it there; else delete "
            "the existing {types} records for {hostname}. Then create this one: {record}."
        ),
        "records_beside_cname": (
            "{hostname} has {types} records beside its CNAME, and no name may have both: some will follow the one and "
            "some the other. Delete the existing {types} records for {hostname}."
        ),
        "several_cnames_keep": (
            "{hostname} has {count} CNAME records, to {targets}, and DNS allows one (RFC 2181). Delete those to "
            "{wrong}, and keep this one: {record}."
        ),
        "several_cnames_create": (
            "{hostname} has {count} CNAME records, to {targets}, and DNS allows one (RFC 2181). Delete those to "
            "{wrong}, and create this one: {record}."
        ),
        "stray_ipv6_one": (
            "Delete the IPv6 record {addresses} of {hostname}: whoever has IPv6, certificate authorities too, is sent "
            "to another server."
        ),
        "stray_ipv6_many": (
            "Delete the IPv6 records {addresses} of {hostname}: whoever has IPv6, certificate authorities too, is sent "
            "to another server."
        ),
        "stray_address_one": (
            "Delete the address record {addresses} of {hostname}: a part of the visitors is sent to another server."
        ),
        "stray_address_many": (
            "Delete the address records {addresses} of {hostname}: a part of the visitors is sent to another server."
        ),
        "cname_broken": (
            "{hostname} points to {alias}, and name servers on the way from there do not answer. Change it to {target}."
        ),
        "cname_wrong": "{hostname} points to {alias}; change it to {target}.",
        "cname_almost_right": "The value of the CNAME of {hostname} is almost right.",
        "loop_circle": "The CNAMEs of {hostname} lead in a circle.",
        "loop_itself": "{name} points to itself.",
        "loop_back": "{name} points to {next}, which leads back to it.",
        "point_directly": "Point {hostname} directly to {target}.",
        "chain_long": (
            "{hostname} goes through {count} CNAMEs, more than everybody follows. Point it directly to {target}."
        ),
        # _acme-challenge.
        "challenge_proxied": (
            "The record at {name} is proxied by Cloudflare, which hides where it leads. Set it to DNS only: {record}."
        ),
        "challenge_almost_right": "The value of the CNAME at {name} is almost right.",
        "challenge_elsewhere": "{certificates} need {name} to lead to {target}; it points to {alias}.",
        "challenge_hidden": (
            "The CNAME at {name} is there, but Cloudflare answers queries for TXT there with tokens of the zone's own "
            "certificate, which no dashboard shows. They go once that certificate is issued, or when Universal SSL is "
            "turned off in that zone; or {hostname} is validated by http."
        ),
        "challenge_bare": (
            "There is something at {name} that shows nothing. If it is the CNAME to {target}, and the provider "
            "flattens it, all is well: it shows once a certificate is ordered. If not, create that CNAME."
        ),
        "challenge_txt_in_the_way": (
            "Delete the old TXT record at {name}: it stands where the CNAME to {target} has to be."
        ),
        "challenge_needed": "{certificates} for {hostname} also need this record: {record}.",
        "challenge_missing": (
            "The certificate authority finds nothing at {name}. Create the CNAME there that leads to {target}."
        ),
        "challenge_wrong_text": (
            "The certificate authority finds a TXT record at {name} that is not its own. Delete it, and create the "
            "CNAME there that leads to {target}."
        ),
        "challenge_was_missing": "The certificate authority found nothing at {name}",
        "challenge_was_older": "The certificate authority found an older text at {name} than its own",
        "challenge_is_there": "{what}. Our own check finds the record there; it is tried again.",
        "challenge_unknown_yet": "{what}. Cloudflare has yet to say what belongs there; it is tried again.",
        "challenge_odd": (
            "{what}, although {hostname} is validated by the CNAME that carries its traffic. If that stays, the "
            "operator of this service has to look at the method of validation at Cloudflare."
        ),
        # CAA.
        "caa_critical": (
            "{hostname} gets no certificate: {whose} at {owner} has the critical property {tags}, which forbids every "
            "CA; delete it."
        ),
        "caa_forbids": "{hostname} gets no certificate: {whose} at {owner} forbids our CA; add {values} there.",
        "caa_target_fails": "The DNS servers of {target}, our own target, fail CAA queries; {hostname} waits for that.",
        "caa_zone_fails": (
            "The DNS servers of {zone} fail CAA queries, so no certificate can be issued for {hostname}. Contact the "
            "DNS provider."
        ),
        # The zone and its servers.
        "dnssec_no_key": (
            "DNSSEC of {hostname} is broken: the registry has a DS record of {zone}, and its servers have no key to "
            "which it leads. Remove the DS record at the registrar of {zone}, or sign the zone by its key."
        ),
        "dnssec_signatures": (
            "DNSSEC of {hostname} is broken, so resolvers refuse its answers. Fix the signatures of {zone}, or remove "
            "the DS record of {zone} at its registrar."
        ),
        "dnssec_signatures_above": (
            "DNSSEC of {hostname} is broken, so resolvers refuse its answers. Fix the signatures of {zone}, or remove "
            "the DS record above it."
        ),
        "resolvers_failed": (
            "No DNS resolver of this service answers, so nothing is known about {hostname} now. Check dns.resolvers in "
            "the configuration, and the network of this machine."
        ),
        "servers_all_unknown": (
            "None of the name servers of {zone} exists in DNS ({servers}), so nobody can look up {hostname}. Set the "
            "right name servers at the registrar of {zone}."
        ),
        "servers_unknown": (
            "Of the name servers of {zone}, {servers} cannot be found in DNS. Remove what cannot be found at the "
            "registrar: whoever registers such a name could answer for {zone}."
        ),
        "servers_own_dead_one": (
            "The zone {zone} names other name servers than its registrar does, and {servers} of them does not serve "
            "it. Resolvers ask these: correct the NS records in the zone, so that they are those at the registrar."
        ),
        "servers_own_dead_many": (
            "The zone {zone} names other name servers than its registrar does, and {servers} of them do not serve it. "
            "Resolvers ask these: correct the NS records in the zone, so that they are those at the registrar."
        ),
        "servers_lame_one": (
            "Of the name servers for {hostname}, {servers} is listed but does not serve it. Remove it from the NS "
            "records, or ask the DNS provider to serve the zone there."
        ),
        "servers_lame_many": (
            "Of the name servers for {hostname}, {servers} are listed but do not serve it. Remove them from the NS "
            "records, or ask the DNS provider to serve the zone there."
        ),
        "servers_none_left": "No other server of the zone answers either.",
        "servers_lack_record": (
            "{servers}, with a newer copy of the zone, lacks the record of {hostname} that {others} still has. Create "
            "this record there: {record}."
        ),
        "servers_old_data": (
            "{servers} still serves old data for {hostname}, while {others} has the right record. It mostly passes "
            "within minutes; where it does not, ask the DNS provider to update that server."
        ),
        "servers_older_copy": "{servers} still serves old data for {hostname}; {others} has a newer copy.",
        "servers_differ": "{servers} do not agree about {hostname}; one of them still serves old data.",
        "propagation_overdue": (
            "The record of {hostname} is correct at its name servers, and {resolvers} has another answer for longer "
            "than its time to live: it may still ask earlier name servers of the zone. That passes within two days; if "
            "the zone was moved lately, change the record at the earlier provider too."
        ),
        "propagation_until": "The record of {hostname} is correct. Caches clear by {until}; nothing to do.",
        "propagation": "The record of {hostname} is correct. Caches clear by themselves; nothing to do.",
        "propagation_at_earlier_servers": (
            "The record of {hostname} is correct at the zone's present name servers. Some resolvers still ask the "
            "earlier ones ({servers}), until {until}: change the record there too, or wait."
        ),
        "domain_suspended": (
            "The registrar of {zone} has put its own name servers in place of the domain's: it is suspended or has "
            "expired. Confirm the registrant's e-mail address, renew the domain, or ask the registrar; its records do "
            "not matter now."
        ),
        "domain_gone": (
            "{zone} was there on {day}, and is gone from DNS: it has expired, or is suspended. Confirm the "
            "registrant's e-mail address, renew the domain, or ask the registrar; its records do not matter now."
        ),
        "tld_unknown": (
            "There is no top-level domain .{tld}, so {hostname} cannot exist. It was likely typed wrong: remove it "
            "here, and add the right name."
        ),
        "domain_unregistered": (
            "{zone} seems expired or unregistered, so {hostname} cannot exist. Renew it; if it is paid for, ask its "
            "registrar whether it is suspended."
        ),
        # The name, and whose it is.
        "name_unusual": (
            "{name} has a label that the rules of international names (IDNA 2008) do not allow: {labels}. DNS serves "
            "it, but some browsers, mail programs and certificate authorities do not take it."
        ),
        "name_long": (
            "{name} has more than {count} characters, so its certificate also names a host of Cloudflare's "
            "(cloudflare_branding). That is done by itself."
        ),
        "ownership_unproved": (
            "That {hostname} points here does not show who may use it. Create the TXT record {name} with the value "
            "{value}, which proves whose it is."
        ),
        "ownership_hidden": (
            "If that record is there already, also create the TXT record {name} with the value {value}, which proves "
            "whose the name is."
        ),
        "dormant": (
            "{hostname} is dormant since {since}, because its record has been missing for so long: it has no hostname "
            "at Cloudflare, and DNS is asked once a day. Create the record, and it is registered again by itself; a "
            "check wakes it at once."
        ),
        "works_until": ("{hostname} works until {until}, and its certificate cannot be renewed until this is mended."),
        # What a probe saw.
        "edge_origin_down": (
            "https://{hostname}/ is served, but Cloudflare answers with {answer}: it does not reach the origin. The "
            "operator of this service has to look at the origin."
        ),
        "edge_any_origin_down": (
            "https://{hostname}/ is served, but Cloudflare answers with {answer}: it does not reach an origin, which "
            "may be that of the domain's own proxy or the service's."
        ),
        "edge_silent": "https://{hostname}/ does not answer.",
        "edge_without_certificate": "https://{hostname}/ has no certificate: the server ends the TLS handshake.",
        "edge_certificate_of_others": "Browsers warn of https://{hostname}/: its certificate is for {names}.",
        "edge_certificate_expired": "Browsers warn of https://{hostname}/: its certificate expired on {day}.",
        "edge_certificate_early": "Browsers warn of https://{hostname}/: its certificate is valid from {day} on.",
        "edge_certificate_untrusted": (
            "Browsers warn of https://{hostname}/: they do not trust the issuer of its certificate, {issuer}."
        ),
        "edge_certificate_refused": "Browsers warn of https://{hostname}/: its certificate is not valid.",
        "edge_refuses": (
            "https://{hostname}/ has a certificate, but Cloudflare does not serve it: it answers with {answer}."
        ),
        "edge_rollout": "Cloudflare may still be bringing it to all of its servers; we check again.",
        "edge_proxys_turn": "Whoever runs the proxy of the domain has to look at it.",
        "edge_operators_turn": "The operator of this service has to ask Cloudflare's support.",
    }
)
"""The templates by their ids."""
