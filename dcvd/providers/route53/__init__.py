"""DNS records at Amazon Route 53."""
