"""Jobs: enqueued with the change that needs them, ended with what they brought about."""
