"""The application as its clients meet it: served over TCP and a unix socket, from a real database file."""
