"""What all APIs of the sandbox share: envelopes, bodies, the rate limit."""
