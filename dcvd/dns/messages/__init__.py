"""DNS messages: queries as bytes, replies as facts."""
