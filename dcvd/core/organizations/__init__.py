"""Organizations: the tenants, and how much each may have."""
