"""What the connect page and the dashboard show alike of a domain."""
