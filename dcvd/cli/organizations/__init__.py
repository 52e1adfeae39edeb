"""`dcvd org`: the tenants' organizations."""
