"""The OpenAPI document: what Litestar derives from the handlers, made exact, and the page that shows it."""
