"""DNS records at GoDaddy."""
