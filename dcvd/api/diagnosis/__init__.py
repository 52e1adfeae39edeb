"""Diagnosis over HTTP."""
