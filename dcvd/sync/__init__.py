"""Check domains: when they are due, and when somebody requests it."""
