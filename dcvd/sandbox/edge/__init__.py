"""A TLS server that plays Cloudflare's edge: it serves the hostnames that are active, with certificates of its own."""
