"""Contacts for alerts over HTTP, and the pages behind the links in mails to them."""
