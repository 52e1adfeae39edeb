"""Files for the programs that watch over dcvd."""
