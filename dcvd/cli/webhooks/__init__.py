"""`dcvd webhook` and `dcvd delivery`."""
