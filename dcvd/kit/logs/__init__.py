"""Log lines: their form, their stream, and no secret in them."""
