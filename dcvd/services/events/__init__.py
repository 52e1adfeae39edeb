"""Events: recorded with their deliveries, and read in order."""
