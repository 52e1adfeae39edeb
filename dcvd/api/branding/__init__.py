"""Branding over HTTP."""
