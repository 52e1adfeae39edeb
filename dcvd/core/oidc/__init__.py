"""The sign-in at an identity provider by OpenID Connect, as far as it needs no network."""
