"""The way from a parent zone to a hostname's own name servers, and what those answer."""
