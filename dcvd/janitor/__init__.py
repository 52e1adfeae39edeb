"""Housekeeping: remove, a little at a time, what is past its retention, and watch over what dcvd itself needs."""

from dcvd.janitor.clock_watch import ClockWatch
from dcvd.janitor.janitor import Janitor
from dcvd.janitor.organization_remover import OrganizationRemover
from dcvd.janitor.resealer import Resealer
from dcvd.janitor.store_watch import StoreWatch
from dcvd.janitor.system_watch import SystemWatch

__all__ = ["ClockWatch", "Janitor", "OrganizationRemover", "Resealer", "StoreWatch", "SystemWatch"]
