"""From when a domain's certificate should have been renewed: what an operator watches over all domains at once."""

from dcvd.core import certificates
from dcvd.core.domain import Domain, DomainStatus


def overdue_at(domain: Domain) -> int | None:
    """From when the renewal is late, in milliseconds; None where nothing is to be renewed.

    A certificate that has ended counts until another serves, whatever the domain's error is by then.
    """
    if domain.certificate is None or domain.status not in (DomainStatus.ACTIVE, DomainStatus.ERROR):
        return None
    return certificates.renewal_overdue_at(domain.certificate)
