"""Endpoints, deliveries and attempts: signatures, health, and what an answer means."""
