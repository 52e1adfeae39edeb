"""`dcvd import-predecessor`: reads a dump of the predecessor's database, and has the daemon store what it knew."""
