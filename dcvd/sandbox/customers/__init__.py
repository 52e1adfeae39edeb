"""The zones that customers of the SaaS company have at Cloudflare, their DNS records, and who may change them."""
