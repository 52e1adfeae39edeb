"""Sessions, in which browsers act with the rights of tokens, members and operators: begun, listed and ended."""
