"""What is handed to those who install dcvd: the wheel, the image and the Debian package."""
