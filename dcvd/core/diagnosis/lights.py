"""Three lights for a domain: its DNS, its certificate, and its traffic."""

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from dcvd.core.custom_hostnames.statuses import CertificateClass
from dcvd.core.diagnosis.setup_steps import STEP_OF_CODE, SetupStep
from dcvd.core.domains.domain import POINTING_STATES, DnsState, Domain, Finding
from dcvd.core.domains.renewals import domain_renewal_overdue_at


class Light(StrEnum):
    """What a light shows."""

    GOOD = "good"
    FLAWED = "flawed"
    """It works, and something endangers that."""
    BAD = "bad"
    OPEN = "open"
    """It is not there yet, or not known."""


class Lights(Struct, frozen=True, kw_only=True):
    """The lights of a domain. dns: its record leads here. certificate: one serves. traffic: https opens."""

    dns: Light
    certificate: Light
    traffic: Light


_OF_DNS: Final = frozenset({SetupStep.NAME, SetupStep.RECORD, SetupStep.TARGET})
_OF_CERTIFICATE: Final = frozenset({SetupStep.CAA, SetupStep.CERTIFICATE})
_OF_TRAFFIC: Final = frozenset({SetupStep.HTTPS})


def find_lights(domain: Domain, findings: Sequence[Finding], now: int) -> Lights:
    """Return the lights of a domain with its findings."""
    return Lights(
        dns=_find_dns(domain, _list_severities(findings, _OF_DNS)),
        certificate=_find_certificate(domain, _list_severities(findings, _OF_CERTIFICATE), now),
        traffic=_find_traffic(domain, _list_severities(findings, _OF_TRAFFIC)),
    )


def _list_severities(findings: Sequence[Finding], steps: Collection[SetupStep]) -> set[str]:
    return {
        finding.severity
        for finding in findings
        if STEP_OF_CODE.get(finding.code, SetupStep.CERTIFICATE) in steps and finding.severity != "info"
    }


def _find_dns(domain: Domain, severities: set[str]) -> Light:
    if domain.dns_state is DnsState.FAILED or "error" in severities:
        return Light.BAD
    if domain.dns_state not in POINTING_STATES:
        return Light.OPEN
    return Light.FLAWED if severities else Light.GOOD


def _find_certificate(domain: Domain, severities: set[str], now: int) -> Light:
    expires_at = domain.expires_at
    if expires_at is None:
        has_ended = domain.certificate_class.has_timed_out or domain.certificate_class is CertificateClass.GONE
        return Light.BAD if "error" in severities or has_ended else Light.OPEN
    if expires_at <= now or domain.certificate_class in (CertificateClass.EXPIRED, CertificateClass.GONE):
        return Light.BAD
    late_since = domain_renewal_overdue_at(domain)
    is_late = late_since is not None and late_since <= now
    return Light.FLAWED if severities or is_late else Light.GOOD


def _find_traffic(domain: Domain, severities: set[str]) -> Light:
    if "error" in severities or domain.broken_since is not None:
        return Light.BAD
    if not domain.is_ready:
        return Light.OPEN
    return Light.FLAWED if severities else Light.GOOD
