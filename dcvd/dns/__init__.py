"""What DNS says of a hostname: facts only, no judgement."""

from dcvd.dns.observer import DnsObserver

__all__ = ["DnsObserver"]
