"""Alerts: what people are told by mail or chat, and how it is gathered, worded and sent."""
