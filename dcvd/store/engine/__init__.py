"""The database itself: one writer, a pool of readers, migrations, pages."""
