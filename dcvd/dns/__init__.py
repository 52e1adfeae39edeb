"""What DNS says about a hostname: facts only, no judgement."""

from dcvd.dns.checks.observer import DnsObserver

__all__ = ["DnsObserver"]
