"""The operators' calls, over the unix socket."""
