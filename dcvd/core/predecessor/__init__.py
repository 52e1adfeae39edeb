"""The predecessor's data: what its rows say, in our words. Nothing here reads a file or asks anybody."""
