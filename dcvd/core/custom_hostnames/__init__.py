"""What Cloudflare says of custom hostnames, and what its edge serves."""
