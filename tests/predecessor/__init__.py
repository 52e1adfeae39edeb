"""The move from the predecessor, from its dump to what stands here."""
