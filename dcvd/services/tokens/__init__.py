"""API tokens: minted, listed, authenticated and revoked; each in a module of its own."""
