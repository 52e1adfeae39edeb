"""The pages of tokens and sessions."""
