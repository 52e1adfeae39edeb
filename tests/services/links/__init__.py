"""Links, by which customers set up one domain each."""
