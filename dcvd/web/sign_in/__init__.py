"""Sign-in: a token is exchanged for a session, and a session ended."""
