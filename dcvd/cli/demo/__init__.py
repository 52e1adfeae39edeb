"""`dcvd demo`: shows the whole life of one domain, on this machine alone."""
