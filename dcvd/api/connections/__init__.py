"""Connections to DNS providers over HTTP: by OAuth, by credentials, and AWS ExternalIds."""
