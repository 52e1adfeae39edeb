"""Commands on the database as a file: copies, restores and checks."""
