"""Cloudflare's HTTP API as the sandbox serves it."""
