-- Due domains without a hostname at Cloudflare, such as dormant ones, in the lane of routine checks.
CREATE INDEX domains_due_unregistered ON domains (next_sync_at) WHERE lane = 1 AND cf_id IS NULL;
