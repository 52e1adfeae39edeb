"""The parts that the sandbox's APIs share: envelopes, bodies and the rate limit."""
