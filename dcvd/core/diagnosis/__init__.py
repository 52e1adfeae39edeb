"""Diagnosis: turns DNS facts and Cloudflare's statuses into findings that say who has to do what."""
