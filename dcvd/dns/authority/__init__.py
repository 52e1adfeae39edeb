"""Find a hostname's own name servers, starting at the parent zone, and collect their answers."""
