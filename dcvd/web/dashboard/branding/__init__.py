"""Pages of how the organization looks to its customers."""
