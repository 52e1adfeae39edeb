"""The DNS server of the sandbox and its data."""
