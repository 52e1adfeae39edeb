"""What dcvd itself needs and does, as its operator asks: conditions, growth, and the overview of all."""
