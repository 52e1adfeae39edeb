"""Webhooks: endpoints, deliveries and attempts, with their signatures, health and explanations."""
