"""The timeline of a domain over HTTP."""
