"""Endpoints and their deliveries over HTTP."""
