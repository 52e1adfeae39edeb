"""Who may call, what, and from where."""
