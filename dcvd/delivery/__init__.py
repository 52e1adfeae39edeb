"""Send webhooks: a bounded pool of attempts over the durable deliveries, and tests that a tenant asks for."""

from dcvd.delivery.endpoint_tests import EndpointTestRunner
from dcvd.delivery.pool import DeliveryPool

__all__ = ["DeliveryPool", "EndpointTestRunner"]
