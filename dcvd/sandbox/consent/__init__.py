"""Cloudflare's OAuth 2.0 authorization server (RFC 6749), and the page on which a customer consents."""
