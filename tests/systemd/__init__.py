"""The units of systemd/, booted in a Debian of their own."""
