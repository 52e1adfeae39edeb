"""How checks and registrations change a domain."""
