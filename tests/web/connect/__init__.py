"""The page on which a customer connects a domain, as its server answers."""
