"""What `dcvd doctor` examines, a file for each neighbourhood."""
