"""Plans what becomes of tokens, endpoints and connections, whose secrets stay as they are."""

from urllib.parse import urlsplit

from msgspec import Struct

from dcvd.core.audit import AuditAction
from dcvd.core.connections.connection import Connection, ConnectionMethod
from dcvd.core.connections.credentials import OauthTokens
from dcvd.core.connections.oauth import choose_refresh_at
from dcvd.core.ids import IdPrefix
from dcvd.core.predecessor.rows import ConnectionRow, EndpointRow, TokenRow
from dcvd.core.tokens.token import Role, Token
from dcvd.core.webhooks.endpoint import Endpoint, SigningSecret
from dcvd.core.webhooks.health import DisabledReason, EndpointHealth, disable
from dcvd.errors import DcvdError
from dcvd.kit.egress.guard import check_url
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.predecessor.plan import ORIGIN, Plan, bring, leave_out, refuse
from dcvd.services.tokens.rights import describe_token
from dcvd.services.webhooks.endpoints import build_egress_policy, describe_endpoint
from dcvd.store.connections import connections
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.tokens import tokens
from dcvd.store.webhooks import endpoints, signing_secrets


class TestedCredentials(Struct, frozen=True, kw_only=True):
    """What a test at the provider found; `tokens` are those that work now. notes: what there is to say of it."""

    tokens: OauthTokens
    account: str | None = None
    expires_at: int | None = None
    notes: tuple[str, ...] = ()


def plan_token(context: Context, snapshot: Snapshot, row: TokenRow) -> Plan:
    """Plan a token that goes on to work: its hash is looked up as those of ours are."""
    now = context.now()
    if row.expires_at is not None and row.expires_at <= now:
        return leave_out("It has expired.")
    if tokens.find_by_hash(snapshot, row.token_hash) is not None:
        return refuse("Another token here has the same secret.")
    token = Token(
        id=row.id,
        org_id=row.org_id,
        name=row.label,
        role=Role.OWNER,
        created_at=min(row.created_at or now, now),
        expires_at=row.expires_at,
        last_used_at=None if row.last_used_at is None else min(row.last_used_at, now),
    )

    def store(tx: Transaction) -> None:
        tokens.insert(tx, token, row.token_hash)
        after = {**describe_token(token), **ORIGIN}
        audit.record(context, tx, token.org_id, AuditAction.TOKEN_MINTED, token.id, after=after)

    return bring(store)


def plan_endpoint(context: Context, row: EndpointRow) -> Plan:
    """Plan an endpoint; where its URL may not be called from here, it is disabled."""
    if not _is_http_url(row.url):
        return refuse("Its URL is none of http or https.")
    refusal = check_url(row.url, build_egress_policy(context))
    now = context.now()
    health = EndpointHealth()
    endpoint = Endpoint(
        id=row.id,
        org_id=row.org_id,
        url=row.url,
        events=row.events,
        max_per_second=None,
        header_names=(),
        health=health if row.is_enabled and refusal is None else disable(health, DisabledReason.MANUAL),
        created_at=min(row.created_at or now, now),
        updated_at=now,
    )
    secret_id = context.new_id(IdPrefix.SECRET)

    def store(tx: Transaction) -> None:
        endpoints.insert(tx, endpoint)
        secret = SigningSecret(secret=row.secret, created_at=endpoint.created_at, expires_at=None)
        signing_secrets.insert(tx, context.vault, secret_id, endpoint.org_id, endpoint.id, secret)
        after = {**describe_endpoint(endpoint), **ORIGIN}
        audit.record(context, tx, endpoint.org_id, AuditAction.ENDPOINT_CREATED, endpoint.id, after=after)

    return bring(store) if refusal is None else bring(store, f"It is disabled here: {refusal.english}")


def _is_http_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable()
    except ValueError:
        return False


def plan_connection(context: Context, row: ConnectionRow, tested: TestedCredentials | DcvdError) -> Plan:
    """Plan a connection whose tokens were tested at the provider."""
    if isinstance(tested, DcvdError):
        return refuse(tested.message)
    now, expires_at = context.now(), tested.expires_at
    is_renewable = tested.tokens.refresh_token is not None and expires_at is not None
    connection = Connection(
        id=row.id,
        org_id=row.org_id,
        provider=row.provider,
        method=ConnectionMethod.OAUTH,
        account=tested.account,
        expires_at=expires_at,
        refresh_at=choose_refresh_at(now, expires_at) if is_renewable and expires_at is not None else None,
        created_at=min(row.created_at or now, now),
        updated_at=now,
    )

    def store(tx: Transaction) -> None:
        connections.insert(tx, context.connection_vault, connection, tested.tokens)
        after = {"provider": row.provider.value, "method": connection.method, "account": tested.account, **ORIGIN}
        audit.record(context, tx, connection.org_id, AuditAction.CONNECTION_CREATED, connection.id, after=after)

    return bring(store, *tested.notes)
