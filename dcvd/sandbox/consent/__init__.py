"""Cloudflare's OAuth 2.0 authorization server (RFC 6749), with the page on which a customer consents."""
