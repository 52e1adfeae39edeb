"""Guarded outgoing HTTP to addresses that a tenant chose, among those that the operator permits."""
