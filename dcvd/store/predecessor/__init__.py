"""An SQL dump of the predecessor's database: read into a private database that is gone with the process."""
