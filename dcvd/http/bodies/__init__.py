"""Bodies of requests and of answers, whole or as they arrive."""
