"""Diagnosis: turns DNS facts and Cloudflare's statuses into findings that say who has to do what."""

from dcvd.core.diagnosis.caa import permitted_authorities
from dcvd.core.diagnosis.cloudflare import cloudflare_findings, findings_of
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.dns import DnsDiagnosis, diagnose_dns
from dcvd.core.diagnosis.names import name_findings
from dcvd.core.diagnosis.requirements import DnsRequirements
from dcvd.core.diagnosis.routing import MAX_CHAIN_NAMES

__all__ = [
    "MAX_CHAIN_NAMES",
    "DnsDiagnosis",
    "DnsRequirements",
    "FindingCode",
    "cloudflare_findings",
    "diagnose_dns",
    "findings_of",
    "name_findings",
    "permitted_authorities",
]
