"""`dcvd demo`: the whole life of one domain, on this machine alone."""
