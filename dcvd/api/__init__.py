"""The HTTP interface: it translates between requests and services, for tenants with tokens and for operators."""
