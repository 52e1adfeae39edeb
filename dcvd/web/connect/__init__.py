"""The page on which a customer connects a domain."""
