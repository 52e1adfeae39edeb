"""Queues of others that deliver as dcvd does: jobs that outlive a crash, each signed and posted once."""
