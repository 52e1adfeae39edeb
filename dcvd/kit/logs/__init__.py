"""Log lines: their format, their stream, and the redaction of secrets."""
