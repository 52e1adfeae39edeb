PRAGMA defer_foreign_keys=TRUE;
CREATE TABLE d1_migrations(
		id         INTEGER PRIMARY KEY AUTOINCREMENT,
		name       TEXT UNIQUE,
		applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
);
INSERT INTO d1_migrations VALUES(1,'0001_init.sql','2025-01-02 03:04:05');
INSERT INTO d1_migrations VALUES(2,'0007_jobs.sql','2025-02-02 03:04:05');
CREATE TABLE organizations (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  created_at TEXT NOT NULL DEFAULT (datetime('now'))
, owner_id TEXT, subscription_tier TEXT NOT NULL DEFAULT 'free' CHECK (subscription_tier IN ('free', 'pro', 'agency')), brand_color TEXT, logo_url TEXT, custom_domain TEXT);
INSERT INTO organizations VALUES('0b5f0d3e-5c6b-4a7e-9a55-1d2c3b4a5f60','Acme; "Shops" & Söhne','2025-01-15 08:30:00','user_1','pro','#0Af','https://127.0.0.1:9/logo.png','portal.acme.example');
INSERT INTO organizations VALUES('org-2','Umlaut''s GmbH','2025-03-01T10:00:00.123Z',NULL,'free',NULL,NULL,NULL);
INSERT INTO organizations VALUES('org_3','',X'323032352d30332d30312031303a30303a3030',NULL,'free','tomato',NULL,NULL);
CREATE TABLE organization_members (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES organizations(id) ON DELETE CASCADE,
  user_id TEXT NOT NULL,
  email TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
  status TEXT NOT NULL DEFAULT 'active',
  created_at TEXT NOT NULL DEFAULT (datetime('now')),
  updated_at TEXT NOT NULL DEFAULT (datetime('now')),
  UNIQUE (org_id, user_id)
);
INSERT INTO organization_members VALUES('7a1c0000-0000-4000-8000-000000000001','0b5f0d3e-5c6b-4a7e-9a55-1d2c3b4a5f60','user_1','Ann@Acme.example','owner','active','2025-01-15 08:30:00','2025-01-15 08:30:00');
INSERT INTO organization_members VALUES('7a1c0000-0000-4000-8000-000000000002','0b5f0d3e-5c6b-4a7e-9a55-1d2c3b4a5f60','user_2','bob@acme.example','member','suspended','2025-01-16 08:30:00','2025-01-15 08:30:00');
INSERT INTO organization_members VALUES('7a1c0000-0000-4000-8000-000000000003','org-2','owner','owner@org-2.local','owner','active','2025-01-16 08:30:00','2025-01-15 08:30:00');
INSERT INTO organization_members VALUES('7a1c0000-0000-4000-8000-000000000004','org-2','user_4','not an address','admin','invited','2025-01-16 08:30:00','2025-01-15 08:30:00');
CREATE TABLE api_tokens (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL,
  token_hash TEXT NOT NULL UNIQUE,
  label TEXT,
  created_at TEXT NOT NULL DEFAULT (datetime('now')),
  last_used_at TEXT,
  expires_at TEXT
);
INSERT INTO api_tokens VALUES('c0ffee00-0000-4000-8000-000000000001','0b5f0d3e-5c6b-4a7e-9a55-1d2c3b4a5f60','{hex_hash}','ci','2025-01-15 08:30:00','2025-06-01 00:00:00',NULL);
INSERT INTO api_tokens VALUES('c0ffee00-0000-4000-8000-000000000002','0b5f0d3e-5c6b-4a7e-9a55-1d2c3b4a5f60','{url_hash}',NULL,'2025-01-15 08:30:00',NULL,'2099-01-01 00:00:00');
INSERT INTO api_tokens VALUES('c0ffee00-0000-4000-8000-000000000003','0b5f0d3e-5c6b-4a7e-9a55-1d2c3b4a5f60','000000000000000000000000000000000000000000000000000000000000dead','old','2025-01-15 08:30:00',NULL,'2025-02-01T00:00:00Z');
INSERT INTO api_tokens VALUES('c0ffee00-0000-4000-8000-000000000004','org-2','cannot be a hash','odd','2025-01-15 08:30:00',NULL,NULL);
INSERT INTO api_tokens VALUES('c0ffee00-0000-4000-8000-000000000005','org-2','000000000000000000000000000000000000000000000000000000000000beef','when?','2025-01-15 08:30:00',NULL,'next year');
CREATE TABLE domains (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL,
  domain_name TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'pending_cname',
  cname_target TEXT,
  cf_custom_hostname_id TEXT,
  cf_status TEXT,
  cf_ssl_status TEXT,
  cf_verification_errors TEXT,
  expires_at TEXT,
  last_issued_at TEXT,
  error_message TEXT,
  created_at TEXT NOT NULL DEFAULT (datetime('now')),
  updated_at TEXT NOT NULL DEFAULT (datetime('now')),
  UNIQUE (org_id, domain_name)
);
INSERT INTO domains VALUES('d0000000-0000-4000-8000-000000000001','0b5f0d3e-5c6b-4a7e-9a55-1d2c3b4a5f60','shop.customer.test','active','edge.sandbox.test','{cf_shop}','active','active','[]','2099-01-01T00:00:00.000Z','2025-02-01 00:00:00',NULL,'2025-01-15 08:30:00','2025-01-15 08:30:00');
INSERT INTO domains VALUES('d0000000-0000-4000-8000-000000000002','0b5f0d3e-5c6b-4a7e-9a55-1d2c3b4a5f60','Blog.Customer.test','active',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2025-01-15 08:30:00','2025-01-15 08:30:00');
INSERT INTO domains VALUES('d0000000-0000-4000-8000-000000000003','0b5f0d3e-5c6b-4a7e-9a55-1d2c3b4a5f60','new.customer.test','pending_validation',NULL,NULL,'pending','pending_validation','["custom hostname does not CNAME to this zone.", {"message": "line
two"}',NULL,NULL,NULL,'2025-01-15 08:30:00','2025-01-15 08:30:00');
INSERT INTO domains VALUES('d0000000-0000-4000-8000-000000000004','0b5f0d3e-5c6b-4a7e-9a55-1d2c3b4a5f60','broken.customer.test','error',NULL,NULL,'blocked',NULL,'[{"message": "blocked"}]',NULL,NULL,replace('It is blocked.\nAsk them.','\n',char(10)),'2025-01-15 08:30:00','2025-01-15 08:30:00');
INSERT INTO domains VALUES('d0000000-0000-4000-8000-000000000005','org-2','shop.customer.test','pending_cname',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2024-01-15 08:30:00','2025-01-15 08:30:00');
INSERT INTO domains VALUES('d0000000-0000-4000-8000-000000000006','org-2','127.0.0.1','limbo',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2025-01-15 08:30:00','2025-01-15 08:30:00');
INSERT INTO domains VALUES('d0000000-0000-4000-8000-000000000007','org-9','lost.customer.test','active',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2025-01-15 08:30:00','2025-01-15 08:30:00');
CREATE TABLE webhook_endpoints (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL,
  url TEXT NOT NULL,
  secret TEXT NOT NULL,
  events TEXT NOT NULL,
  enabled INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL DEFAULT (datetime('now')),
  updated_at TEXT
);
INSERT INTO webhook_endpoints VALUES('e0000000-0000-4000-8000-000000000001','0b5f0d3e-5c6b-4a7e-9a55-1d2c3b4a5f60','{receiver}','{secret}','["domain.active","domain.error","job.failed","domain.moonwalk"]',1,'2025-01-15 08:30:00',NULL);
INSERT INTO webhook_endpoints VALUES('e0000000-0000-4000-8000-000000000002','0b5f0d3e-5c6b-4a7e-9a55-1d2c3b4a5f60','{receiver}','kürzer',replace('["*"]\n','\n',char(10)),0,'2025-01-15 08:30:00',NULL);
INSERT INTO webhook_endpoints VALUES('e0000000-0000-4000-8000-000000000003','org-2','{receiver}','0123456789abcdef','["only.theirs"',1,'2025-01-15 08:30:00',NULL);
INSERT INTO webhook_endpoints VALUES('e0000000-0000-4000-8000-000000000004','org-2','mailto:ann@acme.example','x','["*"]',1,'2025-01-15 08:30:00',NULL);
INSERT INTO webhook_endpoints VALUES('e0000000-0000-4000-8000-000000000005','org-2','https://10.0.0.1/hook','y','["*"]',1,'2025-01-15 08:30:00',NULL);
CREATE TABLE oauth_connections (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL,
  provider TEXT NOT NULL,
  encrypted_access_token TEXT NOT NULL,
  encrypted_refresh_token TEXT,
  expires_at TEXT,
  created_at TEXT NOT NULL DEFAULT (datetime('now')),
  updated_at TEXT NOT NULL DEFAULT (datetime('now')),
  UNIQUE (org_id, provider)
);
INSERT INTO oauth_connections VALUES('f0000000-0000-4000-8000-000000000001','0b5f0d3e-5c6b-4a7e-9a55-1d2c3b4a5f60','cloudflare','{access}','{refresh}','2099-01-01 00:00:00','2025-01-15 08:30:00','2025-01-15 08:30:00');
INSERT INTO oauth_connections VALUES('f0000000-0000-4000-8000-000000000002','0b5f0d3e-5c6b-4a7e-9a55-1d2c3b4a5f60','godaddy','bm90IG91cnM=',NULL,NULL,'2025-01-15 08:30:00','2025-01-15 08:30:00');
INSERT INTO oauth_connections VALUES('f0000000-0000-4000-8000-000000000003','org-2','cloudflare','{stub}',NULL,NULL,'2025-01-15 08:30:00','2025-01-15 08:30:00');
INSERT INTO oauth_connections VALUES('f0000000-0000-4000-8000-000000000004','org-2','bind','{stub}',NULL,NULL,'2025-01-15 08:30:00','2025-01-15 08:30:00');
CREATE TABLE jobs (id TEXT PRIMARY KEY, type TEXT, domain_id TEXT, status TEXT, attempts INTEGER DEFAULT 0, payload TEXT);
INSERT INTO jobs VALUES('j1','sync_status','d0000000-0000-4000-8000-000000000001','queued',0,'{"a":";"}');
INSERT INTO jobs VALUES('j2','start_issuance',NULL,'failed',3,NULL);
CREATE TABLE audit_logs (
  id TEXT PRIMARY KEY, org_id TEXT NOT NULL, user_id TEXT, action TEXT NOT NULL, entity_type TEXT, entity_id TEXT,
  details TEXT, created_at TEXT NOT NULL DEFAULT (datetime('now'))
);
INSERT INTO audit_logs VALUES('a1','0b5f0d3e-5c6b-4a7e-9a55-1d2c3b4a5f60','user_1','domain.created','domain','d0000000-0000-4000-8000-000000000001','{"domain":"shop.customer.test"}','2025-01-15 08:30:00');
INSERT INTO audit_logs VALUES('a2','0b5f0d3e-5c6b-4a7e-9a55-1d2c3b4a5f60',NULL,'login',NULL,NULL,'{broken','2025-01-15 08:31:00');
CREATE INDEX idx_domains_org ON domains(org_id);
CREATE UNIQUE INDEX idx_tokens_hash ON api_tokens(token_hash);
CREATE TRIGGER touch AFTER UPDATE ON domains BEGIN
  UPDATE domains SET updated_at = datetime('now') WHERE id = NEW.id; SELECT ';';
END;
CREATE VIEW active_domains AS SELECT * FROM domains WHERE status = 'active';
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('d1_migrations',2);
