"""What only operators may call, over the unix socket."""
