-- What hostnames at Cloudflare have that dcvd does not manage, why one is only read, and which imported domains no check
-- has seen yet.
ALTER TABLE domains ADD COLUMN kept_settings TEXT NOT NULL DEFAULT '{}';
ALTER TABLE domains ADD COLUMN read_only TEXT;
ALTER TABLE domains ADD COLUMN awaits_first_check INTEGER NOT NULL DEFAULT 0;
