"""Our HTTP server: sockets, connections, and bounds on what clients do to them."""
