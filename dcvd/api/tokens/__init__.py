"""API tokens over HTTP."""
