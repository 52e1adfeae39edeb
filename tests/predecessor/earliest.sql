PRAGMA defer_foreign_keys=TRUE;
CREATE TABLE organizations (id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at TEXT NOT NULL);
INSERT INTO "organizations" VALUES('o1','First','2025-01-15T08:30:00.000Z');
CREATE TABLE domains (id TEXT PRIMARY KEY, org_id TEXT NOT NULL, domain_name TEXT NOT NULL, status TEXT NOT NULL, cf_custom_hostname_id TEXT, cf_status TEXT, cf_ssl_status TEXT, cf_verification_errors TEXT, created_at TEXT, updated_at TEXT);
INSERT INTO "domains" VALUES('d1','o1','early.customer.test','pending',NULL,NULL,NULL,NULL,'2025-01-15T08:30:00.000Z','2025-01-15T08:30:00.000Z');
CREATE TABLE jobs (id INTEGER PRIMARY KEY, kind TEXT, run_at TEXT, locked_by TEXT);
CREATE TABLE jobs (id TEXT PRIMARY KEY, type TEXT);
