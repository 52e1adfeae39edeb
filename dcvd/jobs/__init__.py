"""Work that must happen: taken when due, tried until it is done or hopeless."""

from dcvd.jobs.connection_maintenance import ConnectionMaintenance
from dcvd.jobs.worker import JobWorker

__all__ = ["ConnectionMaintenance", "JobWorker"]
