"""Jobs: enqueued in the transaction that needs them, ended in the one that stores their result."""
