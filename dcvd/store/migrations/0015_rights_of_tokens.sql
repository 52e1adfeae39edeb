-- rights_version: changes whenever what the token may do changes, so that one statement tells a request that lasts
-- whether its rights are still those with which it began.
-- minted_by: the token that minted this one; NULL where an operator did. It is no foreign key: where a token is revoked
-- alone, those that it minted take its place below the one that had minted it.
ALTER TABLE api_tokens ADD COLUMN minted_by TEXT;
ALTER TABLE api_tokens ADD COLUMN rights_version INTEGER NOT NULL DEFAULT 1;
CREATE INDEX api_tokens_minted_by ON api_tokens (minted_by) WHERE minted_by IS NOT NULL;
