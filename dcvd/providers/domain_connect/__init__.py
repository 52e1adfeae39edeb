"""Domain Connect (draft-ietf-dconn-domainconnect), by which a DNS provider applies our template to a zone."""
