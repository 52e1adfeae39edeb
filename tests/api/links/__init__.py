"""`/api/links`, and what customers do by a link."""
