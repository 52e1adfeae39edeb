"""The page of how the organization looks."""
