"""API tokens, and what each lets its bearer do."""
