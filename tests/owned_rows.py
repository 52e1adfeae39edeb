"""An organization that has at least one row in every table with rows of organizations."""

from typing import Final

from dcvd.core.connections.connection import Provider
from dcvd.core.connections.credentials import ApiToken
from dcvd.core.domains.domain import Domain
from dcvd.core.secret import Secret
from dcvd.core.tokens.token import Role
from dcvd.services.connections import creation
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.tokens import minting
from dcvd.services.webhooks import endpoints
from dcvd.store.engine.transactions import Transaction

SECRETS: Final = ("super-secret-provider-token", "super-secret-header")
"""Plain texts that stand nowhere but sealed."""
_STATEMENTS: Final = (
    "INSERT INTO attempts (delivery_id, number, started_at, total_ms, outcome, headers, response)"
    " SELECT id, 1, 1, 1, 'failed', '{\"a\":\"b\"}', x'ff00' FROM deliveries WHERE org_id = ?1 LIMIT 1",
    "INSERT INTO endpoint_rates (endpoint_id, started, delivered, latency, attempts)"
    " SELECT id, 1, 1, 1, 1 FROM webhook_endpoints WHERE org_id = ?1 LIMIT 1",
    "INSERT INTO event_refusals (endpoint_id, event_type, answers)"
    " SELECT id, 'domain.added', '[]' FROM webhook_endpoints WHERE org_id = ?1 LIMIT 1",
    "INSERT INTO oauth_states (state_hash, org_id, token_id, provider, redirect_uri, sealed_verifier, scopes,"
    " created_at, expires_at) VALUES (CAST(?1 AS BLOB), ?1, 'token_x', 'cloudflare', 'https://x/', x'00', '[]', 1, 2)",
    "INSERT INTO aws_external_ids (external_id, org_id, created_at, expires_at) VALUES (?1, ?1, 1, 2)",
    "INSERT INTO written_records (id, org_id, domain_id, zone, type, name, value, state, written_at)"
    " SELECT 'rec_' || ?1, ?1, id, 'z', 'CNAME', name, 'v', 'written', 1 FROM domains WHERE org_id = ?1 LIMIT 1",
    "INSERT INTO pending_revocations (id, org_id, provider, token_kind, sealed_token, created_at)"
    " VALUES ('conn_gone' || ?1, ?1, 'cloudflare', 'access_token', x'00', 1)",
    "INSERT INTO members (id, org_id, address, role, status, created_at, updated_at)"
    " VALUES ('mem_' || ?1, ?1, 'a@b.example', 'owner', 'active', 1, 1)",
    "INSERT INTO left_hostnames (org_id, cf_id, left_at) VALUES (?1, 'cf', 1)",
    "INSERT INTO imported_rows (org_id, kind, source_id, imported_at) VALUES (?1, 'token', 't', 1)",
    "INSERT INTO alert_contacts (id, org_id, address, status, bounces, created_at, updated_at)"
    " VALUES ('con_' || ?1, ?1, 'c@d.example', 'unconfirmed', 0, 1, 1)",
    "INSERT INTO alert_groups (org_id, kind, cause, names, count, detail, first_at, last_at)"
    " VALUES (?1, 'job_dead', '', '[]', 1, '', 1, 1)",
    "INSERT INTO alert_schedules (org_id, due_at, told_at) VALUES (?1, NULL, '[]')",
    "INSERT INTO alert_messages (id, org_id, channel, purpose, recipient, subject, text, state, attempts, faults,"
    " created_at, updated_at) VALUES ('msg_' || ?1, ?1, 'mail', 'alert', 'c@d.example', '', '', 'sent', 1, 0, 1, 1)",
    "INSERT INTO brandings (org_id, name, updated_at) VALUES (?1, 'Acme', 1)",
    "INSERT INTO logos (id, org_id, media_type, content, source_url, created_at)"
    " VALUES ('logo' || ?1, ?1, 'image/png', x'ff', 'https://x/', 1)",
    "INSERT INTO zones (id, org_id, name, status, created_at, updated_at)"
    " VALUES ('zone_' || ?1, ?1, ?1 || '.example', 'pending', 1, 1)",
    "INSERT INTO links (id, org_id, purpose, token_hash, created_at, expires_at)"
    " VALUES ('link_' || ?1, ?1, 'new', 'hash-' || ?1, 1, 2)",
    "INSERT INTO sessions (id, org_id, token_id, secret_hash, token_hash, created_at, last_used_at, expires_at)"
    " SELECT 'ses_' || ?1, org_id, id, 'secret-' || ?1, token_hash, 1, 1, 2 FROM api_tokens WHERE org_id = ?1 LIMIT 1",
    "INSERT INTO token_usage (token_id, day, operation, org_id, requests, errors)"
    " SELECT id, 1, 'GET /api/domains', org_id, 1, 0 FROM api_tokens WHERE org_id = ?1 LIMIT 1",
    "INSERT INTO idempotency_answers (id, org_id, fingerprint, sealed_answer, created_at)"
    " VALUES ('answer-' || ?1, ?1, 'f', x'00', 1)",
    "INSERT INTO bulk_lines (org_id, key, line, fingerprint, outcome, created_at) VALUES (?1, 'k', 1, 'f', '{}', 1)",
)


async def fill(context: Context, org_id: str, label: str) -> Domain:
    """Give an organization of everything something; `label` makes its domain's name its own. Returns the domain."""
    await endpoints.create(
        context, org_id, url="https://hooks.example.com/", events=["domain.added"], headers={"X-Key": SECRETS[1]}
    )
    await minting.create(context, org_id, name="ci", role=Role.OWNER, expires_at=None)
    await creation.create(
        context,
        org_id,
        Provider.CLOUDFLARE,
        ApiToken(token=Secret(SECRETS[0])),
        account="acme",
        scopes=(),
        expires_at=None,
        refresh_at=None,
        actor="operator",
    )
    domain = await additions.add(context, org_id, f"app.{label}.customer.com", labels={"tier": "gold"})

    def unit(tx: Transaction) -> None:
        for statement in _STATEMENTS:
            assert tx.execute(statement, (org_id,)) == 1, statement

    await context.database.write(unit)
    return domain
