"""The tables of organizations, and all that is an organization's own."""
