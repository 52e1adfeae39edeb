"""Queries to name servers and resolvers: sent, repeated, limited and cached."""
