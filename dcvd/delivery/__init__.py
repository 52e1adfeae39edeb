"""Sending what is owed: a bounded pool of attempts over the durable deliveries."""

from dcvd.delivery.pool import DeliveryPool

__all__ = ["DeliveryPool"]
