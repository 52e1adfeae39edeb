"""What comes before SQLite opens the database: its file system, its log, and the first file of all."""
