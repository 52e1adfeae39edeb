"""Send queries to name servers and resolvers, repeat them, limit them, and cache the replies."""
