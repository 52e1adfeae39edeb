"""DNS records at Cloudflare."""
