"""`dcvd diagnose`: the command, and the report that it prints."""
