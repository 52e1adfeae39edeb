"""Custom hostnames as Cloudflare keeps them. Pure."""
