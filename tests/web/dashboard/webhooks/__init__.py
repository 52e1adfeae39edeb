"""The dashboard's pages of webhooks."""
