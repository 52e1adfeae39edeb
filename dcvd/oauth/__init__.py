"""OAuth 2.0 as a client (RFC 6749, RFC 9700): authorization, tokens, refresh and revocation at a provider's server."""
