"""DNS records at GoDaddy."""

from dcvd.providers.godaddy.budgets import GodaddyBudgets
from dcvd.providers.godaddy.records import GodaddyRecords

__all__ = ["GodaddyBudgets", "GodaddyRecords"]
