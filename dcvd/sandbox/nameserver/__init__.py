"""The sandbox's DNS server and its data."""
