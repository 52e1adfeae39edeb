"""A database with something sealed in every column that can hold it, and whether all of that still opens."""

from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dcvd.core.http.client_certificates import ClientCertificate
from dcvd.core.secret import Secret
from dcvd.core.webhooks.endpoint import Endpoint, SigningSecret
from dcvd.core.webhooks.health import EndpointHealth
from dcvd.kit.tls.client_certificate import build_credentials
from dcvd.kit.vault.key import VaultKey
from dcvd.kit.vault.sealing import Vault
from dcvd.services.context import Context
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.organizations import organizations
from dcvd.store.organizations.organizations import Organization
from dcvd.store.vault import sealed_columns
from dcvd.store.vault.sealed_columns import WEBHOOK_SECRETS
from dcvd.store.webhooks import endpoints, signing_secrets

ORG: Final = "org_sealed"
ENDPOINT: Final = "wh_sealed"
CONNECTION: Final = "conn_sealed"
REMOVED_CONNECTION: Final = "conn_removed"
ANSWER: Final = "answer_sealed"
CONTACT = "con_one"
STATE: Final = bytes(range(32))
TOKEN: Final = Secret("the-very-secret-token")
SECRET: Final = Secret("5ec2e7" * 10 + "abcd")


def fill(tx: Transaction, vault: Vault, *, secrets: int = 2, states: bool = True) -> None:
    """An organization whose endpoint, with headers and a client certificate, has so many secrets, a connection, and an
    authorization under way."""
    organizations.insert(tx, Organization(id=ORG, name="Sealed", created_at=1))
    endpoint = Endpoint(
        id=ENDPOINT,
        org_id=ORG,
        url="https://hooks.example.net/",
        events=(),
        max_per_second=None,
        header_names=(),
        health=EndpointHealth(),
        created_at=1,
        updated_at=1,
    )
    endpoints.insert(tx, endpoint)
    endpoints.set_headers(tx, vault, ORG, ENDPOINT, {"X-Key": TOKEN.reveal()})
    shown = ClientCertificate(subject="CN=sealed", issuer="CN=Test CA", expires_at=1, fingerprint="f1")
    endpoints.set_client_certificate(tx, vault, ORG, ENDPOINT, shown, build_credentials(TOKEN))
    add_secrets(tx, vault, secrets)
    add_connection(tx, vault)
    if states:
        verifier = vault.seal(TOKEN, org=ORG, row=STATE.hex(), field="oauth_states.sealed_verifier")
        tx.execute(
            "INSERT INTO oauth_states (state_hash, org_id, token_id, provider, redirect_uri, sealed_verifier, scopes,"
            " created_at, expires_at) VALUES (?, ?, 'token_1', 'cloudflare', 'https://a.example/', ?, '[]', 1, 2)",
            (STATE, ORG, verifier),
        )


def seal_one_more(tx: Transaction, vault: Vault) -> None:
    """Something sealed by this vault, whatever there is already."""
    if organizations.find(tx, ORG) is None:
        fill(tx, vault, secrets=1, states=False)
    else:
        add_secrets(tx, vault, 1, start=signing_secrets.count_valid(tx, ENDPOINT, 0))


def add_secrets(tx: Transaction, vault: Vault, count: int, *, start: int = 0) -> None:
    """Webhook secrets of the endpoint, all but the first with an end."""
    for number in range(start, start + count):
        signing = SigningSecret(secret=SECRET, created_at=number, expires_at=1 << 50 if number else None)
        signing_secrets.insert(tx, vault, f"sec_{number:06d}", ORG, ENDPOINT, signing)


def add_connection(tx: Transaction, vault: Vault, connection_id: str = CONNECTION) -> None:
    """A connection with both tokens."""
    tokens = [
        vault.seal(TOKEN, org=ORG, row=connection_id, field=f"oauth_connections.encrypted_{kind}_token")
        for kind in ("access", "refresh")
    ]
    tx.execute(
        "INSERT INTO oauth_connections (id, org_id, provider, method, status, encrypted_access_token,"
        " encrypted_refresh_token, created_at, updated_at)"
        " VALUES (?, ?, 'cloudflare', 'oauth', 'active', ?, ?, 1, 1)",
        (connection_id, ORG, *tokens),
    )


def add_revocation(tx: Transaction, vault: Vault) -> None:
    """The token of a connection that was removed, which is still to be revoked."""
    token = vault.seal(TOKEN, org=ORG, row=REMOVED_CONNECTION, field="pending_revocations.sealed_token")
    tx.execute(
        "INSERT INTO pending_revocations (id, org_id, provider, token_kind, sealed_token, created_at)"
        " VALUES (?, ?, 'cloudflare', 'refresh_token', ?, 1)",
        (REMOVED_CONNECTION, ORG, token),
    )


def add_answer(tx: Transaction, vault: Vault) -> None:
    """An answer that is remembered for the repeat of its request."""
    sealed = vault.seal(TOKEN, org=ORG, row=ANSWER, field="idempotency_answers.answer")
    tx.execute(
        "INSERT INTO idempotency_answers (id, org_id, fingerprint, sealed_answer, created_at) VALUES (?, ?, 'f', ?, 1)",
        (ANSWER, ORG, sealed),
    )


def add_contact(tx: Transaction, vault: Vault) -> None:
    """A contact to whom a mail was sent."""
    sealed = vault.seal(TOKEN, org=ORG, row=CONTACT, field="alert_contacts.key")
    tx.execute(
        "INSERT INTO alert_contacts (id, org_id, address, status, bounces, created_at, updated_at, sealed_key)"
        " VALUES (?, ?, 'a@example.com', 'active', 0, 1, 1, ?)",
        (CONTACT, ORG, sealed),
    )


def first_version(key: VaultKey, secret_id: str = "sec_000000") -> bytes:
    """The secret as the vault's first version sealed it, which did not bind it to its organization."""
    head = b"\x01" + bytes.fromhex(key.id)
    parts = [WEBHOOK_SECRETS.field.encode(), secret_id.encode()]
    associated = head + b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    cipher = AESGCM(key.derive_subkey("sealed values, version 1"))
    return head + bytes(12) + cipher.encrypt(bytes(12), SECRET.reveal().encode(), associated)


def opened(snapshot: Snapshot, vault: Vault) -> int:
    """How many values there are, each of which opens to what was sealed. Raises VaultError for one that does not."""
    count = 0
    for kind in sealed_columns.list_groups(snapshot):
        column = kind.column
        for value in sealed_columns.list_values(snapshot, kind, after="", limit=1_000_000):
            text = vault.open(value.sealed_bytes, org=value.org_id, row=value.row, field=column.field).reveal()
            assert text in (SECRET.reveal(), TOKEN.reveal(), f'{{"X-Key":"{TOKEN.reveal()}"}}')
            count += 1
    return count


def key_ids(snapshot: Snapshot) -> set[str]:
    """The keys that the values name."""
    return sealed_columns.key_ids(sealed_columns.list_groups(snapshot))


def without_key(context: Context) -> Context:
    """The context of a daemon on the same database whose operator has configured no key."""
    vault = Vault(VaultKey(bytes(32)), is_configured=False)
    return Context(context.database, context.live_config, vault=vault, clock=context.clock)
