"""Sessions, in which browsers act with the rights of tokens: begun, asked for, listed and ended."""
