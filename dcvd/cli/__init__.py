"""The command line of `dcvd`."""
