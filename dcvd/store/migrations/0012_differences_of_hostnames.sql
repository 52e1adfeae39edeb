-- cf_differences: JSON, in what the hostname at Cloudflare is not what was ordered for the domain.

ALTER TABLE domains ADD COLUMN cf_differences TEXT NOT NULL DEFAULT '[]';
