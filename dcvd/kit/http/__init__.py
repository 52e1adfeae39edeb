"""HTTP: our server and its sockets, and calls to other people's APIs."""
