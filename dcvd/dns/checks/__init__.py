"""One check of a hostname: each thing that is asked about it, and the facts that result."""
