"""The life of a domain: its status, its certificates, its remedies, and when it is checked."""
