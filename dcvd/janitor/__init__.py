"""Housekeeping: remove, a little at a time, what is past its retention, and keep the file in shape."""

from dcvd.janitor.janitor import Janitor
from dcvd.janitor.organization_remover import OrganizationRemover
from dcvd.janitor.resealer import Resealer

__all__ = ["Janitor", "OrganizationRemover", "Resealer"]
