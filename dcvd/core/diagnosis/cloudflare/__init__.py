"""What Cloudflare says of a hostname and its certificate, and what its texts and those of CAs mean."""
