"""Our own zone at Cloudflare for SaaS: the custom hostnames API, within its rate limit."""
