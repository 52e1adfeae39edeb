"""Why a call came to nothing, in words for people."""

import os


def describe_call_failure(error: Exception) -> str:
    """Say why a call failed, without what libraries add: their own objects, addresses that the sentence names."""
    if isinstance(error, TimeoutError):
        return "no answer came in time"
    if isinstance(error, OSError) and error.errno is not None:
        # A name that is not found has a number of the resolver's own, below zero, and words beside it.
        return os.strerror(error.errno) if error.errno > 0 else error.strerror or type(error).__name__
    return str(error) or type(error).__name__
