"""Manual pages, made of the texts of `--help` and of the documented configuration."""
