"""How much is let in: requests of a client, a token and an organization, and those that are under way."""
