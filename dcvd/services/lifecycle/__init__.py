"""What checks and registrations change about a domain."""
