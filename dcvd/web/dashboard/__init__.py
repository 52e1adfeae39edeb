"""What tenants see of their organization."""
