-- Client certificates, which endpoints ask for (mutual TLS).

-- client_certificate: what may be shown of it, in JSON; sealed_client_certificate: the whole with its key, in PEM, sealed
-- by the vault. Both are NULL for an endpoint that has none.
ALTER TABLE webhook_endpoints ADD COLUMN client_certificate TEXT;
ALTER TABLE webhook_endpoints ADD COLUMN sealed_client_certificate BLOB;
CREATE INDEX webhook_endpoints_by_key_of_certificate ON webhook_endpoints (substr(sealed_client_certificate, 1, 9), id)
    WHERE sealed_client_certificate IS NOT NULL;
