"""`dcvd diagnose`: its command and its report."""
