"""Read the certificate authorities that dcvd trusts, at the start and whenever the configuration is read again."""

from msgspec import Struct

from dcvd.config import Config
from dcvd.errors import ConfigError
from dcvd.kit.tls.trust import TrustStore


class TrustStores(Struct, frozen=True):
    """The authorities of the system, and those that certify the receivers of webhooks."""

    system: TrustStore
    webhooks: TrustStore


def load_trust_stores(config: Config) -> TrustStores:
    """Read the authorities as they are now. Raises ConfigError for a file that cannot be used."""
    system = TrustStore()
    ca_file = config.webhooks.ca_file
    if ca_file is None:
        return TrustStores(system, system)
    try:
        return TrustStores(system, TrustStore(ca_file))
    except OSError as error:
        reason = error.strerror if error.filename is not None else "it has no certificate in PEM that can be read"
        raise ConfigError([f'webhooks.ca_file is "{ca_file}", which cannot be used: {reason}.']) from error
