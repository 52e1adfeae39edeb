"""`dcvd orphans`: hostnames at Cloudflare that the database does not know."""
