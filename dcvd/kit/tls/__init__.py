"""TLS as a client: whom we trust, and how we show who we are."""
