"""One check of a hostname: the questions that it asks, and the facts that result."""
