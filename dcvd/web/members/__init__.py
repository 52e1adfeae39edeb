"""What somebody who was invited sees."""
