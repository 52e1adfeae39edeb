"""DNS records of a zone whose primary server takes dynamic updates (RFC 2136), signed by TSIG (RFC 8945)."""
