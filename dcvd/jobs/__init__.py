"""Work that must happen: run when due, and tried again until it is done or cannot succeed."""

from dcvd.jobs.connection_maintenance import ConnectionMaintenance
from dcvd.jobs.worker import JobWorker

__all__ = ["ConnectionMaintenance", "JobWorker"]
