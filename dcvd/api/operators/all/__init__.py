"""`/operator/all`: what organizations have, in lists of all of them together."""
