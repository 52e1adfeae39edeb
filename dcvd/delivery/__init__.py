"""Sending what is owed: a bounded pool of attempts over the durable deliveries, and tests that a tenant asks for."""

from dcvd.delivery.pool import DeliveryPool
from dcvd.delivery.prober import Prober

__all__ = ["DeliveryPool", "Prober"]
