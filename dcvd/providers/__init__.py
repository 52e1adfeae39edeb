"""DNS providers: reading and writing records in customers' zones with their credentials."""
