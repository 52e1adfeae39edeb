"""Links, by which customers set up one domain: created, listed and revoked; each in a module of its own."""
