"""How an organization looks."""
