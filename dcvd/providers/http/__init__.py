"""DNS records at a provider whose API is described by the configuration or by a preset."""
