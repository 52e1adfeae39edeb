"""What the answer of a receiver, or of what stands in front of it, means and says."""
