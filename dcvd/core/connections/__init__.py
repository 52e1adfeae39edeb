"""Connections to DNS providers: their credentials and OAuth, without any network."""
