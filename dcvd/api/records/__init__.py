"""Records in customers' zones over HTTP: plans, writes, undo, and Domain Connect."""
