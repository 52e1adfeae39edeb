"""DNS messages: a question as bytes, a reply as facts."""
