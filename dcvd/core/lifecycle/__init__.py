"""A domain's life: its status, its certificate, its remedies, and when it is checked."""
