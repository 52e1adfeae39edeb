"""The dashboard, as a browser without scripts reads it."""
