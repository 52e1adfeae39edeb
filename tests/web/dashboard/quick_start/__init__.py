"""The quick start, and the code that it shows."""
