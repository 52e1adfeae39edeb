"""`dcvd listen`: forwards an organization's events to a receiver on a developer's machine."""
