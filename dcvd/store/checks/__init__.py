"""What always holds of the database, whatever was killed, and how it is checked."""

from dcvd.store.checks.check import CheckReport, Fault, check_database

__all__ = ["CheckReport", "Fault", "check_database"]
