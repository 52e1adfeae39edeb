"""Domain Connect (draft-ietf-dconn-domainconnect): the provider applies our template to the zone."""
